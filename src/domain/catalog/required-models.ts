import type { StageDefinition } from '../stages/stage.ts';
import { baseName } from './base-name.ts';
import type { ModelConfig } from './model-config.ts';

type ModelIds = Pick<ModelConfig, 'hf_model_id' | 'hf_model_ids_by_test'>;

/** Without empty entries and repeats; the first occurrence keeps its place. */
function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids.filter((id) => id !== ''))];
}

/** Checkpoints that the stages need: the stage's own, else its test file's, else the model's, if any (spec 01 §3). */
export function requiredModelIds(
  stages: readonly Pick<StageDefinition, 'test' | 'hf_model_ids'>[],
  config: ModelIds,
): string[] {
  const ofStage = (stage: Pick<StageDefinition, 'test' | 'hf_model_ids'>): string[] => {
    if (stage.hf_model_ids !== undefined && stage.hf_model_ids.length > 0) {
      return stage.hf_model_ids;
    }
    return config.hf_model_ids_by_test[baseName(stage.test)] ?? [config.hf_model_id ?? ''];
  };
  return distinct(stages.flatMap(ofStage));
}

/** Every checkpoint of the config: the model's, then those by test file (spec 01 §3). */
export function allModelIds(config: ModelIds): string[] {
  return distinct([config.hf_model_id ?? '', ...Object.values(config.hf_model_ids_by_test).flat()]);
}
