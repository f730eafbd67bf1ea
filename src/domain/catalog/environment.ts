import type { EnvOption } from './env-option.ts';
import type { HostProfile } from './host-profile.ts';
import type { ModelConfig } from './model-config.ts';

/** One variable of the catalog environment, and who decided its value. */
export interface EnvironmentEntry {
  name: string;
  value: string;
  source: 'config' | 'host' | 'derived' | 'option';
}

/** A value of the catalog environment that would make a run measure something else than CI. */
export interface EnvironmentProblem {
  name: string;
  message: string;
}

type EnvironmentConfig = Pick<ModelConfig, 'auto_env' | 'omni_ci_home'>;
type EnvironmentHost = Pick<HostProfile, 'physical' | 'env'>;

function trimmedFolder(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

/**
 * The variables that the catalog gives every pytest, in the order in which they are shown: config order, then
 * host-added, then derived. A host value always wins: its `omni_ci_home` re-derives all three slice
 * variables, a config's only those that `auto_env` leaves out. A stage's own `extra_env` comes later, at launch.
 */
export function buildCatalogEnvironment(
  config: EnvironmentConfig,
  host: EnvironmentHost | null,
  option?: EnvOption,
): EnvironmentEntry[] {
  const entries = new Map<string, EnvironmentEntry>();
  // A Map keeps the place of a name that is set again, which is the order wanted here.
  const set = (name: string, value: string | undefined, source: EnvironmentEntry['source']): void => {
    if (value !== undefined) {
      entries.set(name, { name, value, source });
    }
  };
  for (const [name, value] of Object.entries(config.auto_env)) {
    set(name, value, 'config');
  }
  for (const [name, value] of Object.entries(host?.env ?? {})) {
    set(name, value, 'host');
  }
  set('HF_HOME', host?.physical.hf_hub, 'host');
  set('SEEDTTS_SIM_CACHE_DIR', host?.physical.speaker_sim, 'host');
  const hostHome = host?.physical.omni_ci_home;
  const home = hostHome ?? config.omni_ci_home;
  if (home !== undefined) {
    const slice = trimmedFolder(home);
    const derived: [string, string, EnvironmentEntry['source']][] = [
      ['OMNI_CI_HOME', slice, hostHome === undefined ? 'derived' : 'host'],
      ['XDG_CACHE_HOME', `${slice}/.cache`, 'derived'],
      ['TORCHINDUCTOR_CACHE_DIR', `${slice}/.torchinductor`, 'derived'],
    ];
    for (const [name, value, source] of derived) {
      if (hostHome !== undefined || !entries.has(name)) {
        set(name, value, source);
      }
    }
  }
  for (const [name, value] of Object.entries(option?.stated ?? {})) {
    set(name, value, 'option');
  }
  for (const name of Object.keys(option?.passed ?? {})) entries.delete(name);
  return [...entries.values()];
}

/** Name → value, in order. */
export function environmentRecord(entries: readonly EnvironmentEntry[]): Record<string, string> {
  return Object.fromEntries(entries.map(({ name, value }) => [name, value]));
}

/** Lexical: `..` is resolved, links are not. Relative paths are never under anything. */
function liesUnder(path: string, folder: string): boolean {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') {
      segments.pop();
    } else if (segment !== '' && segment !== '.') {
      segments.push(segment);
    }
  }
  const prefix = folder.split('/').filter((segment) => segment !== '');
  return (
    path.startsWith('/') &&
    segments.length > prefix.length &&
    prefix.every((segment, index) => segment === segments[index])
  );
}

/**
 * What is wrong with a catalog environment: the two slice caches lie under
 * `OMNI_CI_HOME`, `HOME` is absolute, and `HF_HOME` is the active host's `hf_hub`.
 *
 * @returns empty when all is well; paths are compared as text, nothing is looked up on disk
 */
export function checkCatalogEnvironment(
  entries: readonly EnvironmentEntry[],
  host: EnvironmentHost | null,
): EnvironmentProblem[] {
  const value = (name: string): string | undefined => entries.find((entry) => entry.name === name)?.value;
  const problems: EnvironmentProblem[] = [];
  const slice = value('OMNI_CI_HOME');
  for (const name of ['TORCHINDUCTOR_CACHE_DIR', 'XDG_CACHE_HOME']) {
    const path = value(name);
    if (slice !== undefined && path !== undefined && !liesUnder(path, slice)) {
      problems.push({ name, message: `${name}=${path} does not lie under OMNI_CI_HOME=${slice}` });
    }
  }
  const home = value('HOME');
  if (home !== undefined && !home.startsWith('/')) {
    problems.push({ name: 'HOME', message: `HOME=${home} is not an absolute path` });
  }
  const hub = host?.physical.hf_hub;
  const hfHome = value('HF_HOME');
  if (hub !== undefined && hfHome !== undefined && hfHome !== hub) {
    problems.push({
      name: 'HF_HOME',
      message: `HF_HOME=${hfHome} is not the host's physical.hf_hub (${hub})`,
    });
  }
  return problems;
}
