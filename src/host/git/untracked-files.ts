import { isAbsolute, relative } from 'node:path';

import { runGit } from './run-git.ts';

/** What Python itself leaves beside the tests it runs: derived, and different after every launch. */
const derivedFile = /(^|\/)(__pycache__|\.pytest_cache)\/|\.pyc$/;

/**
 * Untracked, not ignored files of the work tree, sorted, repository-relative. Python's own caches are left out, and so
 * is everything at or below `excludePaths` (absolute or repository-relative). An untracked nested repository is one
 * entry with a final `/`.
 *
 * @throws CalibError when git fails.
 */
export async function listUntracked(repoRoot: string, excludePaths: string[] = []): Promise<string[]> {
  const { stdout } = await runGit(repoRoot, [
    'ls-files',
    '--others',
    '--exclude-standard',
    '--full-name',
    '-z',
  ]);
  const excluded = excludePaths.map((path) => relativeTo(repoRoot, path));
  return stdout
    .toString()
    .split('\0')
    .filter((path) => path !== '' && !derivedFile.test(path))
    .filter((path) => !excluded.some((prefix) => path === prefix || path.startsWith(`${prefix}/`)))
    .sort();
}

function relativeTo(repoRoot: string, path: string): string {
  const inside = isAbsolute(path) ? relative(repoRoot, path) : path;
  return inside.replace(/\/+$/, '');
}
