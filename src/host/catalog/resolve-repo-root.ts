import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { LoadedHost } from './open-catalog.ts';
import { staleProfileWarnings } from './stale-profile.ts';

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
function nearestCheckout(start: string): string | null {
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
 * checkout at or above the working directory (spec 01 §6). Empty values count as absent.
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
