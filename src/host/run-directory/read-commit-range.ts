import { gitText } from '../git/run-git.ts';

export interface CommitRange {
  repoRoot: string;
  /** Commit ids. */
  before: string;
  after: string;
}

/** What changed between two commits; a part is null when git cannot tell, for instance after a shallow clone. */
export async function readCommitRange({
  repoRoot,
  before,
  after,
}: CommitRange): Promise<{ log: string | null; stat: string | null }> {
  // Both come from files; anything but a hash could be read as an option.
  if (!isCommitId(before) || !isCommitId(after)) {
    return { log: null, stat: null };
  }
  const range = `${before}..${after}`;
  return {
    log: await gitText(repoRoot, ['log', '--oneline', '--no-decorate', '--max-count=500', range, '--']).catch(
      () => null,
    ),
    stat: await gitText(repoRoot, ['diff', '--stat', range, '--']).catch(() => null),
  };
}

/** True for a full or abbreviated commit hash. */
export function isCommitId(text: string): boolean {
  return /^[0-9a-f]{7,64}$/.test(text);
}
