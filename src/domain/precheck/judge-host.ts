import { checkResult, type CheckResult, type Gap } from './check-result.ts';
import type { PrecheckRequirements } from './requirements.ts';

export interface HostQuestion {
  requirements: Pick<PrecheckRequirements, 'host' | 'host_declined' | 'speaker_sim'>;
  /** The checkout and interpreter in use. */
  repoRoot: string;
  venvPython: string;
  /** Whether each path of the profile exists. */
  exists: Readonly<Record<string, boolean>>;
}

/** Whether a host profile is active and describes this machine (spec 04 §10 gate 1, 01 §10). */
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
    // What the operator overrode is no gate: the statement wins, and the profile is stale (spec 01 §5).
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
