import type { Command } from 'commander';

import { exitCode } from '../../exit-code.ts';
import { addExamples } from '../../output.ts';
import { addSharedOptions, createContext, sharedOptionValues } from '../../options.ts';

export function register(program: Command): void {
  const command = program
    .command('watch')
    .description(
      'Show the live progress of a session: matrix, what runs, time left. Closing it does not touch the session.',
    )
    .argument('<session>', 'session id, unambiguous prefix, or latest')
    .option('--until-end', 'stay while the session waits for a person');
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, ['calib watch latest']);
  command.action(async (reference: string, options: { untilEnd?: boolean }, self: Command) => {
    const { followSession } = await import('./follow-session.ts');
    const { withSessionClient } = await import('../../session/session-client.ts');
    const { resolveSession } = await import('../../session/resolve-session.ts');
    await withSessionClient(async (client) => {
      const session = await resolveSession(client, reference, createContext(self));
      const json = sharedOptionValues(self).json === true;
      const end = await followSession(client, session, { json, untilEnd: options.untilEnd === true });
      process.exitCode = end.ok ? exitCode.done : exitCode.notReady;
    });
  });
}
