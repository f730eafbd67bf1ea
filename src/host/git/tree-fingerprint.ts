import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { runGit } from './run-git.ts';
import { type UntrackedOptions, isExcluded, listUntracked } from './untracked-files.ts';

/**
 * Untracked files are hashed up to this size each and this size together; beyond that they count by size and modification
 * time. Somebody may keep data sets below `tests/`, and the fingerprint is taken before and after each launch.
 */
const largestHashedUntrackedBytes = 64 * 1024 * 1024;
const mostHashedUntrackedBytes = 256 * 1024 * 1024;

/** Untracked files that pytest or Python may read: others (logs, dumps, outputs) come and go without meaning anything. */
const measuredUntracked = [
  /(^|\/)(tests?|benchmarks?)\//,
  /\.(py|pyi|pyx|so)$/,
  /(^|\/)(pytest\.ini|tox\.ini|setup\.cfg|pyproject\.toml)$/,
];

export interface TreeFingerprintOptions extends UntrackedOptions {
  repoRoot: string;
  /** Commit that HEAD names. */
  sha: string;
}

export interface TreeFingerprint {
  /** SHA-256, hex. */
  fingerprint: string;
  /** Repository-relative paths of what differs from the commit and counts, sorted within tracked and untracked. */
  changes: string[];
}

/**
 * SHA-256 over HEAD, the content of every tracked file that differs from HEAD, and the untracked test, benchmark and Python
 * files that are not ignored (spec 05 §4 `tree_fingerprint`). Equal fingerprints mean equal measured content; the reverse
 * does not hold for very large untracked files, which count by size and time. Made from file contents, not from
 * `git diff`'s text, which depends on the user's git configuration.
 *
 * @throws CalibError when git fails.
 */
export async function treeFingerprint(options: TreeFingerprintOptions): Promise<TreeFingerprint> {
  const hash = createHash('sha256');
  hash.update(`calib-tree/1\0${options.sha}\0`);
  const tracked = await changedTrackedPaths(options);
  for (const path of tracked) {
    hash.update(`tracked\0${path}\0${await describeTracked(options, path)}\0`);
  }
  const untracked = (await listUntracked(options.repoRoot, options)).filter((path) =>
    measuredUntracked.some((pattern) => pattern.test(path)),
  );
  let hashableBytes = mostHashedUntrackedBytes;
  for (const path of untracked) {
    const limit = Math.min(largestHashedUntrackedBytes, hashableBytes);
    const { text, hashedBytes } = await describeContent(join(options.repoRoot, path), limit);
    hashableBytes -= hashedBytes;
    hash.update(`untracked\0${path}\0${text}\0`);
  }
  return { fingerprint: hash.digest('hex'), changes: [...tracked, ...untracked] };
}

async function changedTrackedPaths(options: TreeFingerprintOptions): Promise<string[]> {
  const { stdout } = await runGit(options.repoRoot, [
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
    .filter((path) => path !== '' && !isExcluded(options, path))
    .sort();
}

/** A changed submodule counts by its own commit and its own changes. */
async function describeTracked(options: TreeFingerprintOptions, path: string): Promise<string> {
  const absolute = join(options.repoRoot, path);
  const stats = await lstat(absolute).catch(() => undefined);
  if (!stats?.isDirectory()) return (await describeContent(absolute, Infinity)).text;
  const submodule = await runGit(absolute, ['rev-parse', '--show-prefix', 'HEAD'], {
    acceptedExitCodes: [128],
  });
  const [prefix, sha] = submodule.stdout.toString().split('\n');
  if (submodule.exitCode !== 0 || prefix !== '' || sha === undefined) return 'folder';
  const { fingerprint } = await treeFingerprint({ repoRoot: absolute, sha });
  return `submodule:${fingerprint}`;
}

async function describeContent(
  path: string,
  largestHashedBytes: number,
): Promise<{ text: string; hashedBytes: number }> {
  const plain = (text: string) => ({ text, hashedBytes: 0 });
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return plain('gone');
  if (stats.isSymbolicLink()) return plain(`link:${await readlink(path)}`);
  if (!stats.isFile()) return plain('folder');
  const executable = (stats.mode & 0o100) !== 0 ? 'x' : '-';
  if (stats.size > largestHashedBytes) {
    return plain(`${executable}:size=${stats.size}:mtime=${stats.mtimeMs}`);
  }
  return { text: `${executable}:${await hashFile(path)}`, hashedBytes: stats.size };
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
