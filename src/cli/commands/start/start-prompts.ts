import { autocomplete, select, text } from '@clack/prompts';

import { CalibError } from '../../../domain/calib-error.ts';
import { renderStageChoices } from '../../../domain/selection/render-stages-list.ts';
import { selectStages } from '../../../domain/selection/select.ts';
import { answered } from '../apply/apply-prompts.ts';
import type { CliContext } from '../../options.ts';
import { note } from '../../output.ts';
import type { StartOptions } from './start.ts';

/** Asks once for model, repeats and stages where they were left out; nothing is asked after that. */
export async function askForStart(
  context: CliContext,
  options: StartOptions,
): Promise<{ context: CliContext; stages: string; repeats: number }> {
  const chosen = context.modelGiven ? context : context.withModel(await askModel(context));
  const repeats = options.repeats ?? (await askRepeats());
  const stages = options.stages ?? (await askStages(chosen));
  return { context: chosen, stages, repeats };
}

async function askModel(context: CliContext): Promise<string> {
  const { modelNames } = await context.catalog();
  const [only] = modelNames;
  if (only !== undefined && modelNames.length === 1) return only;
  const ask = modelNames.length > 10 ? autocomplete : select;
  // Of several models there may be no default: then the first is offered.
  const suggested = await context.modelName().catch(() => only);
  return answered(
    await ask({
      message: 'Model',
      options: modelNames.map((name) => ({ value: name, label: name })),
      ...(suggested === undefined ? {} : { initialValue: suggested }),
      output: process.stderr,
    }),
  );
}

async function askRepeats(): Promise<number> {
  const choices = [1, 2, 3, 5];
  const labels: Record<number, string> = { 1: '1 (smoke)', 5: '5 (default)' };
  return answered(
    await select({
      message: 'Repeats of every pytest invocation',
      options: choices.map((value) => ({ value, label: labels[value] ?? String(value) })),
      initialValue: 5,
      output: process.stderr,
    }),
  );
}

async function askStages(context: CliContext): Promise<string> {
  const { stages } = await context.stages();
  for (const line of renderStageChoices(stages)) note(line);
  return answered(
    await text({
      message: 'Stages (keys, bases, presets, @groups; comma-separated)',
      // Return alone means every stage; what is typed need not be put in place of it.
      placeholder: 'ALL',
      defaultValue: 'ALL',
      output: process.stderr,
      // An unknown token repeats the question instead of ending the command.
      validate: (value) => problemWith(() => selectStages(stages, value?.trim() || 'ALL')),
    }),
  ).trim();
}

function problemWith(action: () => unknown): string | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof CalibError) return error.message;
    throw error;
  }
}
