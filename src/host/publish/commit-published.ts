import { mkdir, readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/text.ts';
import { gitText, runGit } from '../git/git.ts';
import { readIfPresent, writeFileAtomic } from '../run-directory/files.ts';

export interface PublishCommit {
  /** Absolute path of the checkout. */
  repoRoot: string;
  branch: string;
  /** Make the branch from HEAD first; else it is the one that is checked out. */
  createBranch: boolean;
  message: string;
  /** Exactly what is committed: repository-relative paths, the report's included. */
  paths: readonly string[];
  report: { path: string; text: string };
}

export interface PublishedCommit {
  commit: string;
  /** What the commit holds in truth: a hook may have added files. */
  paths: string[];
}

/**
 * Writes the report into the repository and commits the given paths, and nothing else, on the branch; hooks run and
 * nothing is pushed. What the operator has staged or changed elsewhere stays as it is. If anything fails,
 * branch, index and report are put back.
 *
 * @throws CalibError `refused` with git's or the hook's own words
 */
export async function commitPublished(request: PublishCommit): Promise<PublishedCommit> {
  const { repoRoot, paths, report } = request;
  await refuseHalfStaged(repoRoot, paths);
  const target = join(repoRoot, report.path);
  const previous = await readIfPresent(target);
  const place = await currentPlace(repoRoot);
  const undo: (() => Promise<unknown>)[] = [];
  try {
    undo.push(await makeFolder(dirname(target)));
    undo.push(async () => await (previous === null ? rm(target, { force: true }) : write(target, previous)));
    await write(target, report.text);
    if (request.createBranch) {
      await runGit(repoRoot, ['switch', '--quiet', '--no-track', '--create', request.branch]);
      undo.push(async () => {
        await runGit(repoRoot, ['switch', '--quiet', ...place]);
        await runGit(repoRoot, ['branch', '--quiet', '--delete', '--force', request.branch]);
      });
    }
    const fresh = await untracked(repoRoot, paths);
    if (fresh.length > 0) {
      undo.push(async () => await runGit(repoRoot, ['reset', '--quiet', '--', ...fresh]));
      await runGit(repoRoot, ['add', '--intent-to-add', '--', ...fresh]);
    }
    await refuseNothingNew(repoRoot, paths);
    await runGit(repoRoot, ['commit', '--quiet', '--only', '--file=-', '--', ...paths], {
      input: Buffer.from(request.message),
    });
  } catch (error) {
    for (const step of undo.reverse()) await step().catch(() => undefined);
    throw notCommitted(error);
  }
  return { commit: await gitText(repoRoot, ['rev-parse', 'HEAD']), paths: await committedPaths(repoRoot) };
}

/** Makes a folder as the operator's own tools would (not 0700); gives what removes it again while it is empty. */
async function makeFolder(folder: string): Promise<() => Promise<void>> {
  const first = await mkdir(folder, { recursive: true });
  return async () => {
    if (first === undefined) return;
    for (let made = folder; made.startsWith(first); made = dirname(made)) await rmdir(made);
  };
}

async function write(target: string, data: string | Uint8Array): Promise<void> {
  await writeFileAtomic(target, data, { mode: 0o644 });
}

/** What `git switch` takes to come back to where the operator was. */
async function currentPlace(repoRoot: string): Promise<string[]> {
  return await gitText(repoRoot, ['symbolic-ref', '--quiet', '--short', 'HEAD']).then(
    (branch) => [branch],
    async () => ['--detach', await gitText(repoRoot, ['rev-parse', 'HEAD'])],
  );
}

/** A file of which only a part is staged: committing all of it is not what the operator prepared. */
async function refuseHalfStaged(repoRoot: string, paths: readonly string[]): Promise<void> {
  const staged = await names(repoRoot, ['diff', '--cached', '--name-only', '-z', '--', ...paths]);
  const unstaged = new Set(await names(repoRoot, ['diff', '--name-only', '-z', '--', ...paths]));
  const both = staged.filter((path) => unstaged.has(path));
  if (both.length === 0) return;
  throw new CalibError(
    'refused',
    `staged differently from how they stand in the work tree: ${both.join(', ')}`,
    { remedy: `unstage them first: git restore --staged ${both.join(' ')}` },
  );
}

async function refuseNothingNew(repoRoot: string, paths: readonly string[]): Promise<void> {
  if ((await names(repoRoot, ['diff', '--name-only', '-z', 'HEAD', '--', ...paths])).length > 0) return;
  throw new CalibError('refused', 'everything is committed already', {
    remedy: 'see it with `git log -- docs/calibration`',
  });
}

async function untracked(repoRoot: string, paths: readonly string[]): Promise<string[]> {
  const tracked = new Set(await names(repoRoot, ['ls-files', '-z', '--', ...paths]));
  return paths.filter((path) => !tracked.has(path));
}

async function committedPaths(repoRoot: string): Promise<string[]> {
  return await names(repoRoot, ['diff-tree', '--no-commit-id', '--name-only', '-r', '-z', 'HEAD']);
}

async function names(repoRoot: string, args: string[]): Promise<string[]> {
  const { stdout } = await runGit(repoRoot, args);
  return stdout
    .toString()
    .split('\0')
    .filter((name) => name !== '');
}

function notCommitted(error: unknown): Error {
  if (error instanceof CalibError && error.code === 'refused') return error;
  const said = messageOf(error);
  return new CalibError('refused', `nothing was committed: ${said}`, {
    remedy: 'cure what git or the hook says and publish again; branch, index and report are as they were',
    cause: error,
  });
}

/**
 * Files that already differed from the session commit before calib edited them: committing them would sweep the
 * operator's own changes in.
 *
 * @param question `file` is repository-relative, `before` the path of its content before the apply; null, when that is
 *   not known, counts as a foreign change
 */
export async function foreignChanges(question: {
  repoRoot: string;
  sessionCommit: string;
  files: readonly { file: string; before: string | null }[];
}): Promise<string[]> {
  const { repoRoot, sessionCommit, files } = question;
  const found: string[] = [];
  for (const { file, before } of files) {
    if (before === null) {
      found.push(file);
      continue;
    }
    const committed = await gitText(repoRoot, [
      'rev-parse',
      '--verify',
      '--quiet',
      `${sessionCommit}:${file}`,
    ]).catch(() => null);
    const filters = ['hash-object', '--stdin', `--path=${file}`];
    const { stdout } = await runGit(repoRoot, filters, { input: await readFile(before) });
    if (committed !== stdout.toString().trim()) found.push(file);
  }
  return found;
}
