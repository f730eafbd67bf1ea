import { isAbsolute, relative } from 'node:path';

import { runGit } from './run-git.ts';

/** What Python itself leaves beside the tests it runs: derived, and different after every launch. */
const derivedFile = /(^|\/)(__pycache__|\.pytest_cache)\/|\.pyc$/;

export interface UntrackedOptions {
  /** Paths (absolute or repository-relative; files or whole folders) that do not count, such as a run directory. */
  excludePaths?: string[];
  /** True for further repository-relative paths that do not count. */
  excludes?: (path: string) => boolean;
}

/**
 * Untracked, not ignored files of the work tree, sorted, repository-relative. Python's own caches are left out, and so
 * is everything at or below `excludePaths`. An untracked nested repository is one entry with a final `/`.
 *
 * @throws CalibError when git fails.
 */
export async function listUntracked(repoRoot: string, options: UntrackedOptions = {}): Promise<string[]> {
  const { stdout } = await runGit(repoRoot, [
    'ls-files',
    '--others',
    '--exclude-standard',
    '--full-name',
    '-z',
  ]);
  return stdout
    .toString()
    .split('\0')
    .filter((path) => path !== '' && !derivedFile.test(path) && !isExcluded({ repoRoot, ...options }, path))
    .sort();
}

/** Whether a repository-relative path is not to count. */
export function isExcluded(options: UntrackedOptions & { repoRoot: string }, path: string): boolean {
  const prefixes = (options.excludePaths ?? []).map((excluded) => relativeTo(options.repoRoot, excluded));
  const below = prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  return below || options.excludes?.(path) === true;
}

function relativeTo(repoRoot: string, path: string): string {
  const inside = isAbsolute(path) ? relative(repoRoot, path) : path;
  return inside.replace(/\/+$/, '');
}
