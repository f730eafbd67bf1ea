import type { Command } from 'commander';

import { addExamples, answer, answerJson } from '../../output.ts';
import { addSharedOptions, createContext, type CliContext } from '../../options.ts';

/** `stages-list`: what `--stages` may name; `--json` adds all fields, aliases and unit namespaces. */
export function register(program: Command): void {
  const command = program
    .command('stages-list')
    .description('Print the bases, stages and groups of a model: what --stages may name.')
    .action(async (_options: unknown, self: Command) => printStages(createContext(self)));
  addSharedOptions(command, ['catalog', 'host', 'model', 'repo-root', 'json']);
  addExamples(command, ['calib stages-list --model tts', 'calib stages-list --model tts --json']);
}

async function printStages(context: CliContext): Promise<void> {
  const { loadModelStages } = await import('../../../host/discovery/model-stages.ts');
  const { listStages, renderStagesList } = await import('../../../domain/selection/render-stages-list.ts');
  await context.announceHost();
  const repoRoot = async () => (await context.repoRoot()).path;
  const { stages } = await loadModelStages(await context.catalog(), context.modelName, repoRoot);
  if (context.json) {
    answerJson(listStages(stages));
  } else {
    answer(renderStagesList(stages));
  }
}
