import { checkResult, type CheckResult, type Gap } from './checks.ts';
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
 * The capabilities that selected tests need of their container, by bit: the mask has no names.
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

export interface HostQuestion {
  requirements: Pick<PrecheckRequirements, 'host' | 'host_declined' | 'speaker_sim'>;
  /** The checkout and interpreter in use. */
  repoRoot: string;
  venvPython: string;
  /** Whether each path of the profile exists. */
  exists: Readonly<Record<string, boolean>>;
}

/** Whether a host profile is active and describes this machine. */
export function judgeHost({ requirements, repoRoot, venvPython, exists }: HostQuestion): CheckResult {
  const { host } = requirements;
  if (host === null) {
    const errors: Gap[] = requirements.host_declined
      ? []
      : [
          {
            message: "no host profile is active: none was named and none has this machine's hostname",
            remedies: ['name one with --host NAME (calib hosts-list), or say --no-host'],
          },
        ];
    const why = requirements.host_declined ? 'declined with --no-host' : 'none active';
    return checkResult({ id: 'host', lines: [`host profile: ${why}`], errors, applies: false });
  }
  const stated: [key: string, path: string | null, gate: boolean][] = [
    // What the operator overrode is no gate: the statement wins, and the profile is stale.
    ['repo_root', host.repo_root, host.repo_root === repoRoot],
    ['venv_python', host.venv_python, host.venv_python === venvPython],
    ['physical.hf_hub', host.hf_hub, true],
    ['physical.speaker_sim', host.speaker_sim, requirements.speaker_sim.required],
    ['physical.omni_ci_home', host.omni_ci_home, true],
  ];
  const given = stated.flatMap(([key, path, gate]) => (path === null ? [] : [{ key, path, gate }]));
  const gone = given.filter(({ path }) => exists[path] !== true);
  const details = given.map(
    ({ key, path, gate }) => `${exists[path] === true ? '✓' : gate ? '✗' : '·'} ${key}: ${path}`,
  );
  return checkResult({
    id: 'host',
    lines: [`host profile: ${host.name} (${host.file})`, ...details],
    errors: gone
      .filter(({ gate }) => gate)
      .map(({ key, path }) => ({
        message: `${key} of host profile ${host.name} does not exist: ${path}`,
        remedies: [`correct ${key} in ${host.file}`],
      })),
    warnings: [
      ...gone
        .filter(({ gate }) => !gate)
        .map(
          ({ key, path }) => `${key} of host profile ${host.name} does not exist: ${path} (not used here)`,
        ),
      ...staleWarnings({ host, repoRoot, venvPython }),
      ...host.checklist
        .filter((path) => exists[path] !== true)
        .map((path) => `precheck_checklist of host profile ${host.name}: ${path} does not exist`),
    ],
  });
}

function staleWarnings(options: {
  host: NonNullable<PrecheckRequirements['host']>;
  repoRoot: string;
  venvPython: string;
}): string[] {
  const { host, repoRoot, venvPython } = options;
  const pairs: [string, string | null, string][] = [
    ['repo_root', host.repo_root, repoRoot],
    ['venv_python', host.venv_python, venvPython],
  ];
  return pairs.flatMap(([key, profiled, used]) =>
    profiled === null || profiled === used
      ? []
      : [`${used} is used instead of ${key} (${profiled}) of host profile ${host.name}: it may be stale`],
  );
}

export interface InterpreterQuestion {
  python: string;
  source: string;
  candidates: PrecheckRequirements['venv_candidates'];
  state: 'executable' | 'missing' | 'not executable';
  /** Whether the environment has an `OMNI_CI_HOME`, which the preparation script of that suite may delete. */
  hasSlice: boolean;
}

/** The interpreter that was chosen. Missing, the precheck stops. */
export function judgeInterpreter({
  python,
  source,
  candidates,
  state,
  hasSlice,
}: InterpreterQuestion): CheckResult {
  const tried = candidates.length > 1 ? [`(tried in order: ${candidates.join(', ')})`] : [];
  const lines = [`venv_python: ${python} (${source})`, ...tried];
  const where = candidates.length > 1 ? `none of ${candidates.join(', ')} exists` : `${python} is missing`;
  const message = state === 'missing' ? `no interpreter: ${where}` : `${python} cannot be executed`;
  const remedies = [
    'give another with --venv-python FILE, TUNE_VENV_PYTHON, or venv_python in the host profile',
    ...(hasSlice
      ? [
          "where no venv exists at all: the repository's own preparation script makes one, but its fresh path deletes " +
            '$OMNI_CI_HOME; calib never runs it',
        ]
      : []),
  ];
  const errors = state === 'executable' ? [] : [{ message, remedies }];
  return checkResult({ id: 'interpreter', lines, errors });
}

export interface RepositoryQuestion {
  repoRoot: string;
  /** Whether it is a folder. */
  exists: boolean;
  /** Whether it has a `pyproject.toml`. */
  hasProjectFile: boolean;
  /** Packages whose installed version must follow that file. */
  pinned: readonly string[];
}

/**
 * Whether the repository root is there. A project file is needed only where installed versions must follow its pins.
 * With a gap the precheck stops: nothing else could be judged.
 */
export function judgeRepository({
  repoRoot,
  exists,
  hasProjectFile,
  pinned,
}: RepositoryQuestion): CheckResult {
  const elsewhere =
    'name the checkout with --repo-root DIR, TUNE_REPO_ROOT, or repo_root in the host profile';
  const errors: Gap[] = [];
  if (!exists) errors.push({ message: `${repoRoot} is not a folder`, remedies: [elsewhere] });
  else if (!hasProjectFile && pinned.length > 0) {
    errors.push({
      message: `${repoRoot}/pyproject.toml does not exist, but pins names ${pinned.join(', ')}, whose version stands there`,
      remedies: [
        elsewhere,
        "or take pins out of the model's config.yaml, where no version is to be compared",
      ],
    });
  }
  return checkResult({ id: 'repository', lines: [`repository: ${repoRoot}`], errors });
}

/** What git says of the checkout; a failure has no commit. */
export type GitReading =
  | { kind: 'state'; sha: string; branch: string; dirty: boolean }
  | { kind: 'failed'; message: string; remedy: string };

/**
 * The commit; none is an error (§13 item 8).
 *
 * @param sessionCommit what the session observes, null outside of one
 */
export function judgeGit(reading: GitReading, sessionCommit: string | null): CheckResult {
  if (reading.kind === 'failed') {
    const { message, remedy } = reading;
    return checkResult({ id: 'git', lines: ['git: no commit'], errors: [{ message, remedies: [remedy] }] });
  }
  const { sha, branch, dirty } = reading;
  const moved = sessionCommit !== null && sessionCommit !== sha;
  return checkResult({
    id: 'git',
    lines: [`git: ${branch} @ ${sha.slice(0, 8)}${dirty ? ' (dirty)' : ''}`],
    errors: moved
      ? [
          {
            message: `HEAD is ${sha}, the session observes ${sessionCommit}`,
            remedies: ['go back to that commit, or start a new session for the new one'],
          },
        ]
      : [],
  });
}
