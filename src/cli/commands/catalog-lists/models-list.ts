import type { Command } from 'commander';

import { addExamples, answer, answerJson } from '../../output.ts';
import { addSharedOptions, createContext, type CliContext } from '../../options.ts';

/** `models-list`: names only, no config is read; `--json` adds description and stage count. */
export function register(program: Command): void {
  const command = program
    .command('models-list')
    .description('Print the names of the models in the catalog, sorted, one a line.')
    .action(async (_options: unknown, self: Command) => listModels(createContext(self)));
  addSharedOptions(command, ['catalog', 'json']);
  addExamples(command, ['calib models-list', 'calib models-list --json']);
}

async function listModels(context: CliContext): Promise<void> {
  const catalog = await context.catalog();
  if (!context.json) {
    for (const name of catalog.modelNames) {
      answer(name);
    }
    return;
  }
  const { describeModels } = await import('../../../host/catalog/open-catalog.ts');
  answerJson(await describeModels(catalog));
}
