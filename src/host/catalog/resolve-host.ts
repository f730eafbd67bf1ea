import { CalibError } from '../../domain/calib-error.ts';
import { machineName } from '../machine-name.ts';
import type { Catalog, LoadedHost } from './open-catalog.ts';

export interface ResolvedHost {
  /** Null when no profile is active. */
  host: LoadedHost | null;
  /** `disabled`: the operator said `--no-host`. `none`: nothing was asked for and no hostname matches. */
  source: 'flag' | 'env' | 'hostname' | 'disabled' | 'none';
  warnings: string[];
}

export interface HostRequest {
  catalog: Catalog;
  /** `--host`; `false` for `--no-host`; undefined when absent. */
  flag: string | false | undefined;
  env: NodeJS.ProcessEnv;
  /** This machine's name unless a test says otherwise. */
  hostname?: string;
}

/** Profiles whose `hostname` is this machine's; an unreadable profile is passed over with a warning. */
async function detect(catalog: Catalog, hostname: string): Promise<ResolvedHost> {
  const warnings: string[] = [];
  const matches: LoadedHost[] = [];
  for (const name of catalog.hostNames) {
    try {
      const host = await catalog.loadHost(name);
      if (host.profile.hostname === hostname) {
        matches.push(host);
      }
    } catch (error) {
      if (!(error instanceof CalibError)) {
        throw error;
      }
      warnings.push(`host profile ${name} was passed over: ${error.message}`);
    }
  }
  const [first, ...others] = matches;
  if (first === undefined) {
    return { host: null, source: 'none', warnings };
  }
  if (others.length > 0) {
    throw new CalibError(
      'invalid-input',
      `hostname "${hostname}" stands in ${matches.length} profiles: ${matches.map((match) => match.file).join(', ')}`,
      { remedy: 'name one with --host, or correct the hostname key of the others' },
    );
  }
  return { host: first, source: 'hostname', warnings: [...warnings, ...first.warnings] };
}

/**
 * Chooses the active host profile: `--host` → `TUNE_HOST` → the profile with this machine's hostname → none. An empty
 * name counts as absent, and an empty `--host` also skips `TUNE_HOST` (spec 01 §6).
 *
 * @throws CalibError `invalid-input` for an unknown or invalid named profile, two profiles with this hostname,
 * or a `CALIB_HOSTNAME` that is no name
 */
export async function resolveHost(request: HostRequest): Promise<ResolvedHost> {
  const { catalog, flag, env, hostname = machineName(env) } = request;
  if (flag === false) {
    return { host: null, source: 'disabled', warnings: [] };
  }
  const [name, source] = flag === undefined ? [env['TUNE_HOST'], 'env' as const] : [flag, 'flag' as const];
  if (!name) {
    return detect(catalog, hostname);
  }
  const host = await catalog.loadHost(name);
  return { host, source, warnings: host.warnings };
}
