import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { machineName } from '../machine-name.ts';
import { type Catalog, type LoadedHost, type LoadedModel, staleProfileWarnings } from './open-catalog.ts';

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
 * name counts as absent, and an empty `--host` also skips `TUNE_HOST`.
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

export interface ResolvedRepoRoot {
  /** Absolute. That it exists and is a checkout is precheck's business, not decided here. */
  path: string;
  source: 'flag' | 'env' | 'host' | 'working-directory';
  warnings: string[];
}

export interface RepoRootRequest {
  flag: string | undefined;
  env: NodeJS.ProcessEnv;
  host: LoadedHost | null;
  /** Where the search for a checkout begins, and what relative paths are relative to. Absolute. */
  cwd: string;
}

/** The nearest folder at or above `start` with `.git` (a worktree's is a file). */
export function nearestCheckout(start: string): string | null {
  for (let dir = start; ; dir = dirname(dir)) {
    if (existsSync(join(dir, '.git'))) {
      return dir;
    }
    if (dir === dirname(dir)) {
      return null;
    }
  }
}

/**
 * Chooses the checkout under calibration: `--repo-root` → `TUNE_REPO_ROOT` → the host's `repo_root` → the nearest
 * checkout at or above the working directory. Empty values count as absent.
 *
 * @throws CalibError `invalid-input` when none of them gives one
 */
export function resolveRepoRoot(request: RepoRootRequest): ResolvedRepoRoot {
  const { flag, env, host, cwd } = request;
  const profiled = host?.profile.repo_root;
  const stated = flag || env['TUNE_REPO_ROOT'];
  if (stated) {
    const path = resolve(cwd, stated);
    const setting = flag ? '--repo-root' : 'TUNE_REPO_ROOT';
    const warnings = staleProfileWarnings({ host, key: 'repo_root', profiled, setting, stated: path });
    return { path, source: flag ? 'flag' : 'env', warnings };
  }
  if (profiled !== undefined) {
    return { path: resolve(profiled), source: 'host', warnings: [] };
  }
  const found = nearestCheckout(cwd);
  if (found === null) {
    throw new CalibError(
      'invalid-input',
      `no checkout to calibrate: neither ${cwd} nor a folder above it has a .git`,
      { remedy: 'give --repo-root DIR, set TUNE_REPO_ROOT, or name a host profile that has a repo_root' },
    );
  }
  return { path: found, source: 'working-directory', warnings: [] };
}

export interface ResolvedVenv {
  /** Absolute path of the interpreter. Links are kept (a venv is found by its link); existence is precheck's business. */
  python: string;
  source: 'flag' | 'env' | 'host' | 'config';
  /** The config's candidates in the order in which they were tried; empty unless `source` is `config`. */
  candidates: string[];
  warnings: string[];
}

export interface VenvRequest {
  flag: string | undefined;
  env: NodeJS.ProcessEnv;
  host: LoadedHost | null;
  model: LoadedModel | null;
  /** What a relative flag or variable is relative to. Absolute. */
  cwd: string;
  /** What a relative candidate of the config is relative to. Absolute. */
  repoRoot: string;
}

/**
 * Chooses the interpreter that runs pytest: `--venv-python` → `TUNE_VENV_PYTHON` → the host's `venv_python` → the first
 * existing candidate of the model's `default_venv_python`, or the last if none exists. Call it only where
 * Python is started.
 *
 * @throws CalibError `invalid-input` when nothing names an interpreter
 */
export function resolveVenv(request: VenvRequest): ResolvedVenv {
  const { flag, env, host, model, cwd, repoRoot } = request;
  const profiled = host?.profile.venv_python;
  const stated = flag || env['TUNE_VENV_PYTHON'];
  if (stated) {
    const python = resolve(cwd, stated);
    const setting = flag ? '--venv-python' : 'TUNE_VENV_PYTHON';
    const warnings = staleProfileWarnings({ host, key: 'venv_python', profiled, setting, stated: python });
    return { python, source: flag ? 'flag' : 'env', candidates: [], warnings };
  }
  if (profiled !== undefined) {
    return { python: resolve(profiled), source: 'host', candidates: [], warnings: [] };
  }
  const candidates = [model?.config.default_venv_python ?? []]
    .flat()
    .map((entry) => resolve(repoRoot, entry));
  const python = candidates.find((candidate) => existsSync(candidate)) ?? candidates.at(-1);
  if (python === undefined) {
    throw new CalibError(
      'invalid-input',
      `no Python interpreter: ${model === null ? 'no model config was loaded' : `${model.file} has no default_venv_python`}`,
      { remedy: 'give --venv-python FILE, set TUNE_VENV_PYTHON, or add venv_python to the host profile' },
    );
  }
  return { python, source: 'config', candidates, warnings: [] };
}
