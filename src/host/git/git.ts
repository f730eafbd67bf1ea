import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';

import { execa } from 'execa';

import { CalibError } from '../../domain/calib-error.ts';

const maxOutputBytes = 1024 ** 3;

/**
 * Variables that would point git at another repository or index than the one asked for (`git rev-parse
 * --local-env-vars`), or change what its commands answer: calib may itself run inside a git hook. Configuration that is
 * given by variables stays, it is how containers say `safe.directory`. Optional locks are off so that reading never
 * gets in the way of the operator's own git.
 */
const cleanGitEnvironment = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_IMPLICIT_WORK_TREE: undefined,
  GIT_COMMON_DIR: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_ALTERNATE_OBJECT_DIRECTORIES: undefined,
  GIT_NAMESPACE: undefined,
  GIT_GRAFT_FILE: undefined,
  GIT_SHALLOW_FILE: undefined,
  GIT_REPLACE_REF_BASE: undefined,
  GIT_NO_REPLACE_OBJECTS: undefined,
  GIT_GLOB_PATHSPECS: undefined,
  GIT_NOGLOB_PATHSPECS: undefined,
  GIT_ICASE_PATHSPECS: undefined,
  GIT_EXTERNAL_DIFF: undefined,
  GIT_DIFF_OPTS: undefined,
  GIT_OPTIONAL_LOCKS: '0',
  GIT_LITERAL_PATHSPECS: '1',
  LC_ALL: 'C',
};

export interface RunGitOptions {
  /** Exit codes that are an answer instead of a failure; 0 always is. */
  acceptedExitCodes?: number[];
  input?: Uint8Array;
  env?: Record<string, string>;
}

export interface GitOutput {
  exitCode: number;
  stdout: Buffer;
}

/**
 * Runs git in `repoRoot` without a shell and gives its raw output.
 *
 * @throws CalibError with git's own message when it cannot be started or ends with another code: a silently failing
 *   git once cost whole sessions.
 */
export async function runGit(
  repoRoot: string,
  args: string[],
  options: RunGitOptions = {},
): Promise<GitOutput> {
  const result = await execa('git', args, {
    cwd: repoRoot,
    env: { ...cleanGitEnvironment, ...options.env },
    encoding: 'buffer',
    maxBuffer: maxOutputBytes,
    stripFinalNewline: false,
    reject: false,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const exitCode = result.exitCode;
  if (exitCode !== undefined && (exitCode === 0 || options.acceptedExitCodes?.includes(exitCode))) {
    return { exitCode, stdout: Buffer.from(result.stdout) };
  }
  const said = Buffer.from(result.stderr ?? [])
    .toString()
    .trim();
  if (result.code === 'ENOENT') throw notStarted(repoRoot);
  throw gitFailure({ repoRoot, command: args[0] ?? '', said: said || (result.shortMessage ?? 'no message') });
}

/** `runGit`, as text without the final newline. */
export async function gitText(repoRoot: string, args: string[]): Promise<string> {
  const { stdout } = await runGit(repoRoot, args);
  return stdout.toString().replace(/\n$/, '');
}

/** The system says the same of a program and of a folder that is not there. */
function notStarted(repoRoot: string): CalibError {
  return existsSync(repoRoot)
    ? new CalibError('invalid-input', 'git cannot be found', {
        remedy: 'install git and have it on the PATH of calib and its worker',
      })
    : new CalibError('invalid-input', `there is no folder ${repoRoot}`, {
        remedy: 'name the checkout with --repo-root',
      });
}

function gitFailure(failure: { repoRoot: string; command: string; said: string }): CalibError {
  return new CalibError(
    'invalid-input',
    `git ${failure.command} failed in ${failure.repoRoot}: ${failure.said}`,
    { remedy: remedyFor(failure) },
  );
}

function remedyFor({ said, repoRoot }: { said: string; repoRoot: string }): string {
  if (/dubious ownership|safe\.directory/.test(said)) {
    return `git config --global --add safe.directory ${repoRoot}   (as the user, and with the HOME, that runs calib)`;
  }
  if (/git-lfs|external filter|clean filter/.test(said)) {
    return 'install the filter that .gitattributes demands (git-lfs, for instance) for the user that runs calib';
  }
  return 'check that the path is a git checkout with at least one commit and that git works there by hand';
}

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

/**
 * Where a path stands relative to version control: outside the checkout, inside but ignored, or `visible`: git would
 * list it.
 */
export type VersionControlPlace = 'outside' | 'ignored' | 'visible';

/**
 * The place of `path` (absolute, or relative to `repoRoot`), which need not exist yet and is taken for a folder then.
 *
 * @throws CalibError when git fails.
 */
export async function versionControlPlace(repoRoot: string, path: string): Promise<VersionControlPlace> {
  const inside = relative(await realpath(repoRoot), await resolveLinks(resolve(repoRoot, path)));
  if (inside === '') return 'visible';
  if (inside.startsWith('..') || isAbsolute(inside)) return 'outside';
  // A rule like `.tune-runs/` matches folders only, and git cannot know that a missing path will be one: ask about a
  // child.
  const { stdout } = await runGit(repoRoot, ['check-ignore', '--stdin', '-z'], {
    acceptedExitCodes: [1],
    env: { GIT_LITERAL_PATHSPECS: '0' },
    input: Buffer.from(`${inside}\0${inside}/plan.json\0`),
  });
  return stdout.length > 0 ? 'ignored' : 'visible';
}

/** Whether git ignores `path`; false outside the checkout. */
export async function isIgnored(repoRoot: string, path: string): Promise<boolean> {
  return (await versionControlPlace(repoRoot, path)) === 'ignored';
}

/** Resolves the links of the longest part that exists. */
async function resolveLinks(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await resolveLinks(parent), basename(path));
  }
}
