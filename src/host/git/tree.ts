import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readlink } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';

import { CalibError } from '../../domain/calib-error.ts';
import { gitText, runGit } from './git.ts';

/** What Python itself leaves beside the tests it runs: derived, and different after every launch. */
const derivedFile = /(^|\/)(__pycache__|\.pytest_cache)\/|\.pyc$/;

export interface UntrackedOptions {
  /** Paths (absolute or repository-relative; files or whole folders) that do not count, such as a run directory. */
  excludePaths?: string[];
  /** True for further repository-relative paths that do not count. */
  excludes?: (path: string) => boolean;
}

/**
 * Untracked, not ignored files of the work tree, sorted, repository-relative. Python's own caches are left out, and so
 * is everything at or below `excludePaths`. An untracked nested repository is one entry with a final `/`.
 *
 * @throws CalibError when git fails.
 */
export async function listUntracked(repoRoot: string, options: UntrackedOptions = {}): Promise<string[]> {
  const { stdout } = await runGit(repoRoot, [
    'ls-files',
    '--others',
    '--exclude-standard',
    '--full-name',
    '-z',
  ]);
  return stdout
    .toString()
    .split('\0')
    .filter((path) => path !== '' && !derivedFile.test(path) && !isExcluded({ repoRoot, ...options }, path))
    .sort();
}

/** Whether a repository-relative path is not to count. */
export function isExcluded(options: UntrackedOptions & { repoRoot: string }, path: string): boolean {
  const prefixes = (options.excludePaths ?? []).map((excluded) => relativeTo(options.repoRoot, excluded));
  const below = prefixes.some((prefix) => path === prefix || path.startsWith(`${prefix}/`));
  return below || options.excludes?.(path) === true;
}

function relativeTo(repoRoot: string, path: string): string {
  const inside = isAbsolute(path) ? relative(repoRoot, path) : path;
  return inside.replace(/\/+$/, '');
}

/**
 * Untracked files are hashed up to this size each and this size together; beyond that they count by size and
 * modification time. Somebody may keep data sets below `tests/`, and the fingerprint is taken before and after each
 * launch.
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
 * SHA-256 over HEAD, the content of every tracked file that differs from HEAD, and the untracked test, benchmark and
 * Python files that are not ignored (`tree_fingerprint` of the plan). Equal fingerprints mean equal measured content;
 * the reverse does not hold for very large untracked files, which count by size and time. Made from file contents,
 * not from
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

export interface GitState {
  /** Full commit id of HEAD, never empty. */
  sha: string;
  /** Branch name, or `HEAD` when detached. */
  branch: string;
  /** Tracked files differ from HEAD, or there are untracked files that are not ignored. */
  dirty: boolean;
  /** See `treeFingerprint`. */
  treeFingerprint: string;
  /** Repository-relative paths of what makes the fingerprint another one than the commit's. */
  changes: string[];
}

/** What does not count in the fingerprint; untracked files among `excludePaths` do not make the tree dirty either. */
export type ReadGitStateOptions = UntrackedOptions;

/**
 * What the checkout at `repoRoot` holds right now.
 *
 * @throws CalibError when git fails, `repoRoot` is not the top of a work tree, or there is no commit: an empty commit
 *   id makes every observation worthless.
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

export interface SessionTreeOptions {
  /** Absolute, the top of the checkout. */
  repoRoot: string;
  /** Absolute; absent while the session has none yet. */
  runDir?: string | undefined;
  /** Absolute; absent when the plan names none. */
  catalogDir?: string | undefined;
}

/**
 * The checkout as a session observes it; what `start` records, each launch compares, and a resume demands. The
 * session's own run directory does not count, nor do the catalog's files where it lies in the checkout: their content
 * is in the plan and in the session's copy, and correcting `stages.yaml` is what a halt may ask for.
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
