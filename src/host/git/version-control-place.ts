import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';

import { runGit } from './run-git.ts';

/**
 * Where a path stands relative to version control: outside the checkout, inside but ignored, or `visible`: git would
 * list it (spec 05 §2 refuses a run directory there).
 */
export type VersionControlPlace = 'outside' | 'ignored' | 'visible';

/**
 * The place of `path` (absolute, or relative to `repoRoot`), which need not exist yet and is taken for a folder then.
 *
 * @throws CalibError when git fails.
 */
export async function versionControlPlace(repoRoot: string, path: string): Promise<VersionControlPlace> {
  const inside = relative(await realpath(repoRoot), await resolveLinks(resolve(repoRoot, path)));
  if (inside === '') return 'visible';
  if (inside.startsWith('..') || isAbsolute(inside)) return 'outside';
  // A rule like `.tune-runs/` matches folders only, and git cannot know that a missing path will be one: ask about a child.
  const { stdout } = await runGit(repoRoot, ['check-ignore', '--stdin', '-z'], {
    acceptedExitCodes: [1],
    env: { GIT_LITERAL_PATHSPECS: '0' },
    input: Buffer.from(`${inside}\0${inside}/plan.json\0`),
  });
  return stdout.length > 0 ? 'ignored' : 'visible';
}

/** Whether git ignores `path`; false outside the checkout. */
export async function isIgnored(repoRoot: string, path: string): Promise<boolean> {
  return (await versionControlPlace(repoRoot, path)) === 'ignored';
}

/** Resolves the links of the longest part that exists. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await resolveLinks(parent), basename(path));
  }
}
