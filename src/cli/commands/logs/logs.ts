import { Option, type Command } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import { addExamples, parseCount } from '../../output.ts';
import { type CliContext, addSharedOptions, createContext } from '../../options.ts';

export interface LogsOptions {
  follow?: boolean;
  runDir?: string;
  unit?: string;
  repeat?: number;
  raw?: boolean;
}

/** `logs`: what pytest itself says; `watch` is the other one. */
export function register(program: Command): void {
  const command = program
    .command('logs')
    .description(
      "Print the active pytest's whole output, else the last one's; what lies on another host comes through the server. " +
        'Closing it does not touch the session.',
    )
    .argument('[session]', 'session id, unambiguous prefix, or latest')
    .addOption(
      new Option(
        '-f, --follow',
        'keep printing new output, switch to the next pytest, stop when the session ends',
      ),
    )
    .addOption(new Option('--run-dir <dir>', 'directory of a session, where there is no server to ask'))
    .addOption(
      new Option('--unit <namespace>', 'only the runs of this unit (`query SESSION units` lists them)'),
    )
    .addOption(new Option('--repeat <k>', 'only repeat k').argParser(parseCount))
    .addOption(
      new Option(
        '--raw',
        'byte by byte as pytest wrote it; without it colours stay, and whatever else would act on a terminal is shown as text',
      ),
    );
  addSharedOptions(command, ['repo-root', 'any']);
  addExamples(command, [
    'calib logs latest --follow',
    'calib logs latest | tail -n 50',
    'calib logs latest --unit test_mmsu_ci --repeat 2',
    'calib logs --run-dir .tune-runs/20260423T050000Z_mmsu_r3',
  ]);
  command.action(async (reference: string | undefined, options: LogsOptions, self: Command) => {
    await printLogs(createContext(self), reference, options);
  });
}

async function printLogs(
  context: CliContext,
  reference: string | undefined,
  options: LogsOptions,
): Promise<void> {
  const { locateLogs } = await import('./session-logs.ts');
  const { followLogs, printLatestLog } = await import('./print-logs.ts');
  if ((reference === undefined) === (options.runDir === undefined)) {
    throw new CalibError('invalid-input', 'logs takes either a session or --run-dir', {
      remedy: '`calib logs latest --follow` shows the newest session',
    });
  }
  const wanted = { namespace: options.unit ?? null, repeat: options.repeat ?? null };
  const located = await locateLogs(context, reference ?? null, options.runDir ?? null);
  const request = { ...located, wanted, raw: options.raw === true };
  if (options.follow) await followLogs(request);
  else await printLatestLog(request);
}
