import { gitText } from '../git/run-git.ts';

export interface CommitRange {
  repoRoot: string;
  /** Commit ids. */
  before: string;
  after: string;
}

export interface CommitRangeText {
  /** `git log --oneline before..after`; null when git cannot tell. */
  log: string | null;
  /** `git diff --stat before..after`; null when git cannot tell. */
  stat: string | null;
  /** Of the two commits, those that the checkout does not have: another clone's, or cut off by a shallow one. */
  absent: string[];
}

/** What changed between two commits (spec 06 §14); never throws: a comparison is worth having without it. */
export async function readCommitRange({ repoRoot, before, after }: CommitRange): Promise<CommitRangeText> {
  // Both come from files; anything but a hash could be read as an option.
  if (!isCommitId(before) || !isCommitId(after)) {
    return { log: null, stat: null, absent: [] };
  }
  const absent: string[] = [];
  for (const commit of new Set([before, after])) {
    if (!(await isPresent(repoRoot, commit))) {
      absent.push(commit);
    }
  }
  const range = `${before}..${after}`;
  const ask = async (args: string[]) =>
    absent.length > 0 ? null : await gitText(repoRoot, [...args, range, '--']).catch(() => null);
  return {
    log: await ask(['log', '--oneline', '--no-decorate', '--no-color', '--max-count=500']),
    stat: await ask(['diff', '--no-ext-diff', '--no-color', '--stat']),
    absent,
  };
}

async function isPresent(repoRoot: string, commit: string): Promise<boolean> {
  return await gitText(repoRoot, ['rev-parse', '--verify', '--quiet', `${commit}^{commit}`]).then(
    () => true,
    () => false,
  );
}

/** True for a full or abbreviated commit hash. */
export function isCommitId(text: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(text);
}
