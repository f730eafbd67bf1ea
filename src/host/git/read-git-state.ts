import { CalibError } from '../../domain/calib-error.ts';
import { gitText, runGit } from './run-git.ts';
import { treeFingerprint } from './tree-fingerprint.ts';
import { type UntrackedOptions, listUntracked } from './untracked-files.ts';

export interface GitState {
  /** Full commit id of HEAD, never empty. */
  sha: string;
  /** Branch name, or `HEAD` when detached. */
  branch: string;
  /** Tracked files differ from HEAD, or there are untracked files that are not ignored (spec 05 §4). */
  dirty: boolean;
  /** See `treeFingerprint`. */
  treeFingerprint: string;
  /** Repository-relative paths of what makes the fingerprint another one than the commit's. */
  changes: string[];
}

/** What does not count in the fingerprint; untracked files among `excludePaths` do not make the tree dirty either. */
export type ReadGitStateOptions = UntrackedOptions;

/**
 * What the checkout at `repoRoot` holds right now (spec 05 §4, §10).
 *
 * @throws CalibError when git fails, `repoRoot` is not the top of a work tree, or there is no commit: an empty commit
 *   id makes every observation worthless (spec 05 §12 row 5).
 */
export async function readGitState(repoRoot: string, options: ReadGitStateOptions = {}): Promise<GitState> {
  const sha = await gitText(repoRoot, ['rev-parse', '--verify', 'HEAD^{commit}']);
  if (!/^[0-9a-f]{40,64}$/.test(sha)) {
    throw new CalibError('invalid-input', `git gave no commit id for HEAD in ${repoRoot} (got "${sha}")`, {
      remedy: 'commit the tests first: a session observes exactly one commit',
    });
  }
  await refuseSubfolder(repoRoot);
  const branch = await readBranch(repoRoot);
  const dirty = await isDirty(repoRoot, options.excludePaths ?? []);
  const { fingerprint, changes } = await treeFingerprint({ repoRoot, sha, ...options });
  return { sha, branch, dirty, treeFingerprint: fingerprint, changes };
}

async function refuseSubfolder(repoRoot: string): Promise<void> {
  const prefix = await gitText(repoRoot, ['rev-parse', '--show-prefix']);
  if (prefix === '') return;
  const top = await gitText(repoRoot, ['rev-parse', '--show-toplevel']);
  throw new CalibError(
    'invalid-input',
    `${repoRoot} is a folder inside the git checkout ${top}, not its top`,
    {
      remedy: `use ${top} as the repository root`,
    },
  );
}

async function readBranch(repoRoot: string): Promise<string> {
  const { exitCode, stdout } = await runGit(repoRoot, ['symbolic-ref', '--short', '-q', 'HEAD'], {
    acceptedExitCodes: [1],
  });
  return exitCode === 0 ? stdout.toString().trim() : 'HEAD';
}

/** Untracked files make the tree dirty as in v0.6.0; Python's caches and the excluded paths do not. */
async function isDirty(repoRoot: string, excludePaths: string[]): Promise<boolean> {
  const { stdout } = await runGit(repoRoot, ['status', '--porcelain', '--untracked-files=no']);
  return stdout.length > 0 || (await listUntracked(repoRoot, { excludePaths })).length > 0;
}
