import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';

import { runGit } from '../git/git.ts';

/** Larger files hold data, no test code; a suite with more files than this is not one. */
const [maxBytes, maxFiles] = [4_000_000, 20_000];

export interface FilesAtCommit {
  /** Absolute path of the checkout. */
  repoRoot: string;
  /** Commit hash. */
  commit: string;
  /** Files beside Python's that are wanted. */
  extra: readonly string[];
}

/**
 * Calls `use` with a temporary folder that holds a commit's Python files, and removes it. Files come as git stores them:
 * neither the checkout's work tree nor its filters are touched.
 *
 * @throws CalibError when the checkout has no such commit
 */
export async function withFilesAtCommit<T>(
  { repoRoot, commit, extra }: FilesAtCommit,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const listed = await runGit(repoRoot, ['ls-tree', '-r', '-l', '-z', '--full-tree', commit]);
  const wanted = new Set(extra);
  const files = parseTree(listed.stdout.toString('utf8'))
    .filter(({ path, size }) => size <= maxBytes && (path.endsWith('.py') || wanted.has(path)))
    .slice(0, maxFiles);
  const request = files.map(({ id }) => `${id}\n`).join('');
  const { stdout } = await runGit(repoRoot, ['cat-file', '--batch'], { input: Buffer.from(request) });
  const folder = await mkdtemp(join(tmpdir(), 'calib-commit-'));
  try {
    let offset = 0;
    for (const { path } of files) {
      const end = stdout.indexOf('\n', offset);
      const size = Number(stdout.subarray(offset, end).toString('utf8').split(' ')[2]);
      const bytes = stdout.subarray(end + 1, end + 1 + size);
      offset = end + 1 + size + 1;
      await writeInside(folder, path, bytes);
    }
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Regular files only: a link's blob is a path, not code. */
function parseTree(text: string): { id: string; size: number; path: string }[] {
  return text.split('\0').flatMap((entry) => {
    const [, id, size, path] = /^100[0-7]{3} blob ([0-9a-f]+) +(\d+)\t([^]+)$/.exec(entry) ?? [];
    return id === undefined || size === undefined || path === undefined
      ? []
      : [{ id, size: Number(size), path }];
  });
}

/** git refuses such paths itself; a tree made by hand can have them. */
async function writeInside(folder: string, path: string, bytes: Uint8Array): Promise<void> {
  const file = join(folder, path);
  if (!file.startsWith(`${folder}${sep}`)) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, bytes);
}
