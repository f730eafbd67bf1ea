import { Argument, type Command } from 'commander';

import { addExamples } from './examples.ts';
import { addSharedOptions, sharedOptionValues } from './options.ts';

const topics = ['status', 'strict-audit', 'plan', 'units', 'apply-plan', 'report'] as const;
export type QueryTopic = (typeof topics)[number];

export function register(program: Command): void {
  const command = program
    .command('query')
    .description('Ask a session for an answer from its own state, whether it runs or has ended.')
    .argument('<session>', 'session id, unambiguous prefix, or latest')
    .addArgument(new Argument('<topic>', 'what to ask').choices(topics));
  addSharedOptions(command, ['json']);
  addExamples(command, ['calib query latest strict-audit', 'calib query latest units --json']);
  command.action(async (reference: string, topic: QueryTopic, _options: unknown, self: Command) => {
    const { answerQuery } = await import('./answer-query.ts');
    await answerQuery(reference, topic, sharedOptionValues(self).json === true);
  });
}
