import { execa } from 'execa';

import { CalibError } from '../../domain/calib-error.ts';

const maxOutputBytes = 1024 ** 3;

/**
 * Variables that would point git at another repository or index than the one asked for: calib may itself run inside a
 * git hook. Optional locks are off so that reading never gets in the way of the operator's own git.
 */
const cleanGitEnvironment = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_INDEX_FILE: undefined,
  GIT_PREFIX: undefined,
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
 *   git once cost whole sessions (spec 05 §12 row 5).
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
  throw gitFailure({ repoRoot, command: args[0] ?? '', said: said || (result.shortMessage ?? 'no message') });
}

/** `runGit`, as text without the final newline. */
export async function gitText(repoRoot: string, args: string[]): Promise<string> {
  const { stdout } = await runGit(repoRoot, args);
  return stdout.toString().replace(/\n$/, '');
}

function gitFailure(failure: { repoRoot: string; command: string; said: string }): CalibError {
  const unsafe = /dubious ownership|safe\.directory/.test(failure.said);
  const remedy = unsafe
    ? `git config --global --add safe.directory ${failure.repoRoot}   (as the user, and with the HOME, that runs calib)`
    : 'Check that the path is a git checkout with at least one commit and that git works there by hand.';
  return new CalibError(
    'invalid-input',
    `git ${failure.command} failed in ${failure.repoRoot}: ${failure.said}`,
    {
      remedy,
    },
  );
}
