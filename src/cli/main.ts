import { Command, CommanderError } from 'commander';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/text.ts';
import { commandTable } from './command-table.ts';
import { exitCode, exitCodeOf, InterruptedError } from './exit-code.ts';
import { note, packageVersion } from './output.ts';
import { addSharedOptions, allSharedOptions } from './options.ts';

function createProgram(): Command {
  const program = new Command('calib')
    .description('Durable calibration of the numeric thresholds that an ML test suite asserts in CI.')
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .exitOverride()
    .showHelpAfterError('(--help shows usage and an example)');
  addSharedOptions(program, allSharedOptions);
  return program.addHelpText('after', '\nExample:\n  $ calib stages-list --model tts\n');
}

/**
 * The command that the arguments name, looked up without running anything. Null when there is none, also for arguments
 * that cannot be parsed: the real parse reports those.
 */
function requestedCommand(args: readonly string[]): string | null {
  const metaOptions = new Set(['--help', '-h', '--version']);
  try {
    const { operands } = createProgram()
      .configureOutput({ writeErr: () => {} })
      .parseOptions(args.filter((argument) => !metaOptions.has(argument)));
    return (operands[0] === 'help' ? operands[1] : operands[0]) ?? null;
  } catch {
    return null;
  }
}

/** Loads the requested command; the others are only names with a line of help. */
async function registerCommands(program: Command, requested: string | null): Promise<void> {
  for (const { name, summary, load } of commandTable) {
    if (name === requested) {
      (await load()).register(program);
    } else {
      program.command(name).summary(summary).description(summary);
    }
  }
}

function report(error: unknown): number {
  if (error instanceof CommanderError) {
    return error.exitCode === 0 ? exitCode.done : exitCode.invalidInput;
  }
  if (error instanceof InterruptedError) {
    return exitCode.interrupted;
  }
  if (error instanceof CalibError) {
    note(`error: ${error.message}`);
    if (error.remedy !== undefined) {
      note(`  → ${error.remedy}`);
    }
    return exitCodeOf(error.code);
  }
  note(`error: unexpected failure: ${messageOf(error)}`);
  note(
    '  → this is a defect of calib: set CALIB_DEBUG=1 to see where it happened, and report it with that output',
  );
  if (process.env['CALIB_DEBUG'] && error instanceof Error) {
    note(error.stack ?? error.message);
  }
  return exitCode.notReady;
}

/**
 * Runs one command line; the only place where errors are printed and turned into an exit code, which it leaves in
 * `process.exitCode`. `bin/calib` calls it.
 *
 * @param args without interpreter and program name
 */
export async function main(args: readonly string[]): Promise<void> {
  // A reader that has seen enough (`calib … | head`) is not a failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') {
      process.exit(exitCode.done);
    }
    throw error;
  });
  try {
    const program = createProgram();
    await registerCommands(program, requestedCommand(args));
    if (args.length === 0) {
      program.help({ error: true });
    }
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = report(error);
  }
}
