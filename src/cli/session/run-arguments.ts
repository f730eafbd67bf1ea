import { type Command, Option } from 'commander';

import { CalibError } from '../../domain/calib-error.ts';
import type { CliContext } from '../options.ts';
import { isRunDirectoryPath } from './run-directory-path.ts';

/** How a command that reads a run directory was told which: exactly one of the two. */
export interface GivenRun {
  /** SESSION: an id, an unambiguous prefix, `latest`, or the path of a directory. */
  reference: string | undefined;
  /** `--run-dir`. */
  runDir: string | undefined;
}

/** Declares the two ways to name a run directory. */
export function addRunArguments(command: Command): Command {
  return command
    .argument('[session]', 'session id, unambiguous prefix, latest, or the path of a run directory')
    .addOption(new Option('--run-dir <dir>', 'the same, as an option'));
}

/**
 * The run directory that a command is to read: a path as it was given, anything else looked up as a session. Of a plain
 * name given with `--run-dir` that is neither, the name: whoever reads it says that there is no session.
 *
 * @throws CalibError `invalid-input` unless exactly one is given, `unreachable` for a session that is nowhere
 */
export async function givenRunDirectory(
  context: Pick<CliContext, 'repoRoot' | 'any'>,
  { reference, runDir }: GivenRun,
): Promise<string> {
  if ((reference === undefined) === (runDir === undefined)) {
    const what = reference === undefined ? 'which session?' : 'a session and --run-dir are one too many';
    throw new CalibError('invalid-input', what, {
      remedy: 'give a session id, an unambiguous prefix, `latest`, or the path of a run directory',
    });
  }
  const given = reference ?? runDir ?? '';
  if (await isRunDirectoryPath(given)) return given;
  // With it comes Temporal's client, which takes longer to load than all of a local command.
  const { locateRunDirectory } = await import('./locate-run-directory.ts');
  try {
    return (await locateRunDirectory(context, given)).runDir;
  } catch (error) {
    if (reference !== undefined || !(error instanceof CalibError && error.code === 'unreachable'))
      throw error;
    return given;
  }
}
