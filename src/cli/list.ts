import type { Command } from 'commander';

import { addExamples } from './examples.ts';
import { addSharedOptions, sharedOptionValues } from './options.ts';
import { answer, answerJson } from './output.ts';

export function register(program: Command): void {
  const command = program
    .command('list')
    .description('List the running sessions, with state, commit and strict count.')
    .option('--all', 'ended ones as well');
  addSharedOptions(command, ['json']);
  addExamples(command, ['calib list --all']);
  command.action(async (options: { all?: boolean }, self: Command) => {
    const { listSessions, renderSessions } = await import('./list-sessions.ts');
    const { withSessionClient } = await import('./session-client.ts');
    await withSessionClient(async (client) => {
      const sessions = await listSessions(client, options.all === true);
      if (sharedOptionValues(self).json) answerJson(sessions);
      else answer(renderSessions(sessions));
    });
  });
}
