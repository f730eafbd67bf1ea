import { isAbsolute, relative } from 'node:path';

import { type GitState, readGitState } from './read-git-state.ts';

export interface SessionTreeOptions {
  /** Absolute, the top of the checkout. */
  repoRoot: string;
  /** Absolute; absent while the session has none yet. */
  runDir?: string | undefined;
  /** Absolute; absent when the plan names none. */
  catalogDir?: string | undefined;
}

/**
 * The checkout as a session observes it; what `start` records, each launch compares, and a resume demands. The session's own
 * run directory does not count, nor do the catalog's files where it lies in the checkout: their content is in the plan and
 * in the session's copy, and correcting `stages.yaml` is what a halt may ask for (spec 06 §15).
 *
 * @throws CalibError as `readGitState`
 */
export async function readSessionTree({
  repoRoot,
  runDir,
  catalogDir,
}: SessionTreeOptions): Promise<GitState> {
  const catalog = catalogDir === undefined ? null : relative(repoRoot, catalogDir);
  const inside = catalog !== null && !catalog.startsWith('..') && !isAbsolute(catalog);
  return await readGitState(repoRoot, {
    excludePaths: runDir === undefined ? [] : [runDir],
    excludes: (path) => inside && isCatalogFile(catalog, path),
  });
}

/** Not the catalog's whole folder: where it is the checkout itself, `models/` may hold code. */
function isCatalogFile(catalog: string, path: string): boolean {
  const prefix = catalog === '' ? '' : `${catalog}/`;
  if (!path.startsWith(prefix)) return false;
  return /^(models\/[^/]+\/(config|stages)\.ya?ml|hosts\/[^/]+\.ya?ml)$/.test(path.slice(prefix.length));
}

/**
 * Why a checkout is no longer what the session observes, for people; null while it is.
 *
 * @param found the checkout now
 * @param observed the session's commit and fingerprint
 */
export function treeMoved(
  found: Pick<GitState, 'sha' | 'treeFingerprint' | 'changes'>,
  observed: { git_sha: string; tree_fingerprint: string },
): string | null {
  if (found.sha !== observed.git_sha) {
    return `HEAD moved: the session observes ${observed.git_sha}, found ${found.sha}`;
  }
  if (found.treeFingerprint === observed.tree_fingerprint) return null;
  return `the work tree is no longer the one that the session observes: ${treeDifference(found)}`;
}

/** How a checkout differs from its commit, for people; the first five paths. */
export function treeDifference({ changes }: Pick<GitState, 'changes'>): string {
  const shown = changes.slice(0, 5).join(', ');
  const more = changes.length > 5 ? `, … and ${changes.length - 5} more` : '';
  return shown === '' ? 'it equals the commit now' : `it differs from the commit in ${shown}${more}`;
}
