import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { runGit } from './run-git.ts';
import { listUntracked } from './untracked-files.ts';

/**
 * Above this size an untracked file counts by size and modification time: somebody may keep weights in the checkout,
 * and the fingerprint is taken before and after each launch.
 */
const largestHashedUntrackedBytes = 64 * 1024 * 1024;

export interface TreeFingerprintOptions {
  repoRoot: string;
  /** Commit that HEAD names. */
  sha: string;
  /** Repository-relative or absolute paths (files or whole folders) that do not count, such as run directories. */
  excludePaths?: string[];
}

/**
 * SHA-256 (hex) over HEAD, the content of every tracked file that differs from HEAD, and every untracked file that is
 * not ignored (spec 05 §4 `tree_fingerprint`). Equal fingerprints mean equal measured content; the reverse does not hold
 * for untracked files above 64 MiB, which count by size and time. Made from file contents, not from `git diff`'s text,
 * which depends on the user's git configuration.
 *
 * @throws CalibError when git fails.
 */
export async function treeFingerprint(options: TreeFingerprintOptions): Promise<string> {
  const hash = createHash('sha256');
  hash.update(`calib-tree/1\0${options.sha}\0`);
  for (const path of await changedTrackedPaths(options.repoRoot)) {
    hash.update(`tracked\0${path}\0${await describeContent(join(options.repoRoot, path), Infinity)}\0`);
  }
  for (const path of await listUntracked(options.repoRoot, options.excludePaths)) {
    const content = await describeContent(join(options.repoRoot, path), largestHashedUntrackedBytes);
    hash.update(`untracked\0${path}\0${content}\0`);
  }
  return hash.digest('hex');
}

async function changedTrackedPaths(repoRoot: string): Promise<string[]> {
  const { stdout } = await runGit(repoRoot, [
    'diff',
    'HEAD',
    '--name-only',
    '--no-renames',
    '--no-ext-diff',
    '--ignore-submodules=untracked',
    '-z',
  ]);
  return stdout
    .toString()
    .split('\0')
    .filter((path) => path !== '')
    .sort();
}

async function describeContent(path: string, largestHashedBytes: number): Promise<string> {
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return 'gone';
  if (stats.isSymbolicLink()) return `link:${await readlink(path)}`;
  if (!stats.isFile()) return 'folder';
  const executable = (stats.mode & 0o100) !== 0 ? 'x' : '-';
  if (stats.size > largestHashedBytes) return `${executable}:size=${stats.size}:mtime=${stats.mtimeMs}`;
  return `${executable}:${await hashFile(path)}`;
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path), hash);
  } catch (error) {
    return `unreadable:${error instanceof Error && 'code' in error ? String(error.code) : 'unknown'}`;
  }
  return hash.digest('hex');
}
