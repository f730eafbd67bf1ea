import { Command, CommanderError } from 'commander';

import { CalibError } from '../domain/calib-error.ts';
import { exitCode, exitCodeOf, InterruptedError } from './exit-code.ts';
import { addSharedOptions, allSharedOptions } from './options.ts';
import { note } from './output.ts';
import { packageVersion } from './package-version.ts';

/**
 * A command module is `src/cli/<command>.ts` and exports `register(program)`, which calls `program.command('<command>')`
 * and adds description, options (shared ones through `addSharedOptions`), an example (`addExamples`) and an action.
 * The action imports what it needs lazily, reads shared options through `createContext(command)`, prints answers
 * through `output.ts`, throws `CalibError` for what a person must correct, and sets `process.exitCode` (from
 * `exitCode`) for an answer that means "not ready". It never calls `process.exit`.
 */
export interface CommandModule {
  register: (program: Command) => void;
}

interface CommandEntry {
  /** The line in `calib --help`; MAINTENANCE: keep it in step with the module's description. */
  summary: string;
  load: () => Promise<CommandModule>;
}

/** Every command, in the order of `calib --help`. Only the one that is asked for is loaded. */
const commands: Readonly<Record<string, CommandEntry>> = {
  'models-list': { summary: 'names of the models in the catalog', load: () => import('./models-list.ts') },
  'hosts-list': {
    summary: 'names of the host profiles in the catalog',
    load: () => import('./hosts-list.ts'),
  },
  discover: {
    summary: "write a model's stages.yaml from its test files",
    load: () => import('./discover.ts'),
  },
  'stages-list': { summary: 'bases, stages and groups of a model', load: () => import('./stages-list.ts') },
  status: { summary: 'JSON snapshot of a run directory', load: () => import('./status.ts') },
  'strict-audit': { summary: 'strict matrix of a run directory', load: () => import('./strict-audit.ts') },
  report: { summary: 'write the report of a finished run directory', load: () => import('./report.ts') },
  'apply-plan': { summary: 'what an apply would write, as JSON', load: () => import('./apply-plan.ts') },
};

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

/** The command that the arguments name, looked up without running anything; null when there is none. */
function requestedCommand(args: readonly string[]): string | null {
  const withoutHelp = args.filter(
    (argument) => argument !== '--help' && argument !== '-h' && argument !== '--version',
  );
  const { operands } = createProgram()
    .configureOutput({ writeErr: () => {} })
    .parseOptions([...withoutHelp]);
  return (operands[0] === 'help' ? operands[1] : operands[0]) ?? null;
}

/** Loads the requested command; the others are only names with a line of help. */
async function registerCommands(program: Command, requested: string | null): Promise<void> {
  for (const [name, { summary, load }] of Object.entries(commands)) {
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
  note(`error: unexpected failure: ${error instanceof Error ? error.message : String(error)}`);
  note(
    '  → This is a defect of calib. Set CALIB_DEBUG=1 to see where it happened, and report it with that output.',
  );
  if (process.env['CALIB_DEBUG'] && error instanceof Error) {
    note(error.stack ?? error.message);
  }
  return exitCode.notReady;
}

/**
 * Runs one command line; the only place where errors are printed and turned into an exit code (spec 08).
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

await main(process.argv.slice(2));
