import { Option, type Command } from 'commander';

import { addExamples } from './examples.ts';
import { addSharedOptions, sharedOptionValues } from './options.ts';
import { parseCount } from './parse-values.ts';
import { parseDecision } from './parse-decision.ts';
import type { CommandKind } from '../domain/session/commands.ts';

interface SignalOptions {
  stage?: string;
  test?: string;
  repeat?: number;
  reason?: string;
  mode?: 'report' | 'smart' | 'full';
  decide?: Record<string, string>;
}

export function register(program: Command): void {
  const command = program
    .command('signal')
    .description('Send a command to a running session; print whether it was accepted, and why not.')
    .argument('<session>', 'session id, unambiguous prefix, or latest')
    .argument('<command>', 'pause, resume, purge, apply or abort')
    .option('--stage <key>', 'purge: a stage; the whole pytest repeat that feeds it is set aside')
    .option('--test <file>', 'purge: a test file')
    .option('--repeat <k>', 'purge: which repeat', parseCount)
    .option('--reason <text>', 'purge, abort: why, for the record')
    .option('--mode <mode>', 'apply: report, smart or full')
    .addOption(
      new Option('--decide <STAGE.METRIC=…>', 'apply: keep, apply or a number; may be repeated')
        .argParser(parseDecision)
        .default({}, 'none'),
    );
  addSharedOptions(command, ['json']);
  addExamples(command, [
    'calib signal latest purge --stage mmsu_speed --repeat 3 --reason "foreign job on the host"',
    'calib signal latest apply --mode report',
  ]);
  command.action(async (reference: string, kind: string, options: SignalOptions, self: Command) => {
    const { commandPayload } = await import('./command-payload.ts');
    const { sendCommand } = await import('./send-command.ts');
    const payload = commandPayload(kind, options);
    await sendCommand(reference, kind as CommandKind, payload, sharedOptionValues(self).json === true);
  });
}
