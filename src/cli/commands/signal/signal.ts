import { type Command, Option } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import {
  type CommandKind,
  commandKinds,
  type CommandPayload,
  parseCommand,
} from '../../../domain/session/commands.ts';
import { addSharedOptions, createContext } from '../../options.ts';
import { addExamples, parseCount, parseDecision } from '../../output.ts';

const optionsOf: Record<CommandKind, string[]> = {
  pause: [],
  resume: [],
  purge: ['stage', 'test', 'repeat', 'reason'],
  apply: ['mode', 'decide'],
  abort: ['reason'],
};

/** Of the command line alone: no part of what is sent. */
const ownOptions = new Set(['json', 'yes']);

/**
 * The payload of a command from the options of `calib signal`.
 *
 * @throws CalibError `invalid-input` for an unknown command, an option of another command, or a missing one
 */
export function commandPayload(kind: string, options: Record<string, unknown> | object): CommandPayload {
  if (!isKind(kind)) {
    throw new CalibError('invalid-input', `unknown command ${kind}`, {
      remedy: `one of: ${commandKinds.join(', ')}`,
    });
  }
  const given = Object.entries(options).filter(([name, value]) => !ownOptions.has(name) && !isUnset(value));
  const stray = given.filter(([name]) => !optionsOf[kind].includes(name)).map(([name]) => `--${name}`);
  if (stray.length > 0) {
    throw new CalibError('invalid-input', `${kind} does not take ${stray.join(', ')}`, {
      remedy: `calib signal --help`,
    });
  }
  const payload = Object.fromEntries(given);
  const parsed = parseCommand(kind, payload, 'check');
  if (!parsed.ok) throw new CalibError('invalid-input', parsed.message, { remedy: 'calib signal --help' });
  // Without what looks like a secret: a history keeps what was sent for ever.
  const reason = 'reason' in parsed.command ? parsed.command.reason : undefined;
  return reason === undefined ? payload : { ...payload, reason };
}

function isKind(kind: string): kind is CommandKind {
  return commandKinds.some((known) => known === kind);
}

function isUnset(value: unknown): boolean {
  return (
    value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
  );
}

interface SignalOptions {
  stage?: string;
  test?: string;
  repeat?: number;
  reason?: string;
  mode?: 'report' | 'smart' | 'full';
  decide?: Record<string, string>;
  yes?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command('signal')
    .description('Send a command to a running session; print whether it was accepted, and why not.')
    .argument('<session>', 'session id, unambiguous prefix, or latest')
    .argument('<command>', 'pause, resume, purge, apply or abort')
    .option('--stage <key>', 'purge: a stage; the whole pytest repeat that feeds it is discarded')
    .option('--test <file>', 'purge: a test file')
    .option('--repeat <k>', 'purge: which repeat', parseCount)
    .option('--reason <text>', 'purge, abort: why, for the record')
    .option('--mode <mode>', 'apply: report, smart or full')
    .addOption(
      new Option('--decide <STAGE.METRIC=…>', 'apply: keep, apply or a number; may be repeated')
        .argParser(parseDecision)
        .default({}, 'none'),
    );
  command.option(
    '--yes',
    'abort, apply: do not ask on a terminal; an abort terminates a session that cannot answer, and ends its pytest',
  );
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, [
    'calib signal latest purge --stage mmsu_speed --repeat 3 --reason "foreign job on the host"',
    'calib signal latest apply --mode report',
  ]);
  command.action(async (reference: string, kind: string, options: SignalOptions, self: Command) => {
    const { sendCommand } = await import('../../session/send-command.ts');
    const payload = commandPayload(kind, options);
    const { yes = false } = options;
    await sendCommand(createContext(self), { reference, kind: kind as CommandKind, payload, yes });
  });
}
