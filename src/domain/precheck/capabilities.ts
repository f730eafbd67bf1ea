import { checkResult, type CheckResult, type Gap } from './check-result.ts';
import type { PrecheckRequirements } from './requirements.ts';

/** Linux's capabilities by bit number (`linux/capability.h`); MAINTENANCE: new ones are appended there. */
const capabilityBits: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** Whether the effective set has a capability; null where the text does not say, or the name is unknown. */
export function hasCapability(processStatus: string, name: string): boolean | null {
  const mask = /^CapEff:\s*([0-9a-f]+)\s*$/im.exec(processStatus)?.[1];
  const bit = capabilityBits.indexOf(name);
  if (mask === undefined || bit < 0) {
    return null;
  }
  return ((BigInt(`0x${mask}`) >> BigInt(bit)) & 1n) === 1n;
}

export interface CapabilityFact {
  name: string;
  /** Null where it could not be found out. */
  present: boolean | null;
  required: boolean;
  /** Base names of the tests that ask for it. */
  tests: string[];
}

export interface CapabilitiesAnswer {
  result: CheckResult;
  capabilities: CapabilityFact[];
}

/**
 * The capabilities that selected tests need of their container (spec 04 §10 gate 7), by bit: the mask has no names.
 *
 * @param processStatus the text of `/proc/self/status`, empty where there is none
 */
export function judgeCapabilities(
  asked: PrecheckRequirements['capabilities'],
  processStatus: string,
): CapabilitiesAnswer {
  const capabilities = asked.map(({ name, required, tests }) => ({
    name,
    present: hasCapability(processStatus, name),
    required,
    tests,
  }));
  const errors: Gap[] = capabilities
    .filter(({ required, present }) => required && present !== true)
    .map(({ name, present, tests }) => ({
      message:
        present === null
          ? `whether this container has ${name} cannot be read from CapEff in /proc/self/status; ${tests.join(', ')} needs it`
          : `this container lacks ${name} (CapEff in /proc/self/status), which ${tests.join(', ')} needs`,
      remedies: [
        `start the container again with --cap-add=${name.replace(/^CAP_/, '')}: a running one cannot be given it`,
      ],
    }));
  const details = capabilities.map(
    ({ name, present, required, tests }) =>
      `${present === true ? '✓' : required ? '✗' : '·'} ${name} (${required ? '' : 'not needed for this run: '}${tests.join(', ')})`,
  );
  const lines = asked.length === 0 ? ['capabilities: none needed'] : ['capabilities:', ...details];
  const applies = asked.some(({ required }) => required);
  return { result: checkResult({ id: 'capabilities', lines, errors, applies }), capabilities };
}
