import { existsSync } from 'node:fs';

import type { Command } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import type { StageDefinition } from '../../../domain/stages/stage.ts';
import { messageOf } from '../../../domain/text.ts';
import { addExamples, answer, answerJson, note } from '../../output.ts';
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
  const { listStages, renderStagesList } = await import('../../../domain/selection/render-stages-list.ts');
  await context.announceHost();
  const stages = await knownStages(context);
  if (context.json) {
    answerJson(listStages(stages));
  } else {
    answer(renderStagesList(stages));
  }
}

/** Those of the checkout; without one, what the catalog records of the model, which is said. */
async function knownStages(context: CliContext): Promise<StageDefinition[]> {
  const { readCatalogStages } = await import('../../../host/catalog/catalog-stages.ts');
  const model = await context.model();
  const missing = await context.repoRoot().then(
    ({ path }) => (existsSync(path) ? null : `${path} does not exist`),
    (error: unknown) => messageOf(error),
  );
  if (missing === null) return (await context.stages()).stages;
  const file = (await context.catalog()).stagesPath(model.name);
  const recorded = await readCatalogStages(file);
  if (recorded === null) {
    throw new CalibError(
      'invalid-input',
      `no checkout to discover the stages of ${model.name} in: ${missing}`,
      {
        remedy: 'give --repo-root DIR, or set TUNE_REPO_ROOT',
      },
    );
  }
  note(`no checkout (${missing}): these are the stages that ${file} records`);
  return recorded.stages;
}
