import { runGit } from './run-git.ts';

export interface FileAtCommit {
  repoRoot: string;
  sha: string;
  /** Repository-relative POSIX path. */
  path: string;
}

/**
 * Text of a file as `sha` has it, or null when that commit has no such file.
 *
 * @throws CalibError when git fails, for instance because the commit is unknown.
 */
export async function showFileAtCommit(file: FileAtCommit): Promise<string | null> {
  const { stdout } = await runGit(file.repoRoot, ['ls-tree', '--full-tree', '-z', file.sha, '--', file.path]);
  const match = /^\d+ blob ([0-9a-f]+)\t/.exec(stdout.toString());
  if (match?.[1] === undefined) return null;
  const blob = await runGit(file.repoRoot, ['cat-file', 'blob', match[1]]);
  return blob.stdout.toString();
}
