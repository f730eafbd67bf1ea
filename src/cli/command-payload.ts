import { CalibError } from '../domain/calib-error.ts';
import {
  commandKinds,
  type CommandKind,
  type CommandPayload,
  parseCommand,
} from '../domain/session/commands.ts';

const optionsOf: Record<CommandKind, string[]> = {
  pause: [],
  resume: [],
  purge: ['stage', 'test', 'repeat', 'reason'],
  apply: ['mode', 'decide'],
  abort: ['reason'],
};

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
  const given = Object.entries(options).filter(([name, value]) => name !== 'json' && !isUnset(value));
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
