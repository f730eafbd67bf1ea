import { CalibError } from '../../domain/calib-error.ts';
import { gitText, runGit } from './git.ts';
import { listUntracked } from './tree.ts';

export interface ChangesSince {
  /** Full hash of what the work tree was compared with: where HEAD left the line of the reference. */
  base: string;
  /** Repository-relative POSIX paths, uncommitted and untracked ones included. */
  files: ReadonlySet<string>;
}

/**
 * The files of a checkout that differ from a reference: of a branch that has gone on meanwhile, only what changed on this
 * side counts.
 *
 * @param reference whatever git takes for a commit
 * @throws CalibError `invalid-input` for one that is none
 */
export async function changedSince(repoRoot: string, reference: string): Promise<ChangesSince> {
  const named = await runGit(
    repoRoot,
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${reference}^{commit}`],
    {
      acceptedExitCodes: [1, 128],
    },
  );
  if (named.exitCode !== 0) {
    throw new CalibError('invalid-input', `--changed-since ${reference}: ${repoRoot} has no such commit`, {
      remedy:
        'give a branch, tag or commit that exists here, such as origin/main (perhaps after a git fetch)',
    });
  }
  const commit = named.stdout.toString().trim();
  const merged = await runGit(repoRoot, ['merge-base', commit, 'HEAD'], { acceptedExitCodes: [1] });
  const base = merged.exitCode === 0 ? merged.stdout.toString().trim() : commit;
  const tracked = await gitText(repoRoot, [
    'diff',
    '--name-only',
    '--no-renames',
    '--no-ext-diff',
    '-z',
    base,
  ]);
  return {
    base,
    files: new Set([...tracked.split('\0').filter(Boolean), ...(await listUntracked(repoRoot))]),
  };
}
