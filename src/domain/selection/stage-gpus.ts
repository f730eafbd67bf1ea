import type { ModelConfig } from '../catalog/model-config.ts';
import { baseName } from '../catalog/base-name.ts';
import type { StageDefinition } from '../stages/stage.ts';

/** GPUs of a stage for which neither the stage nor the model config says anything (spec 03 §4). */
const defaultGpus = 2;

/**
 * GPUs that a stage needs: its own number, else its test file's, else 2 (spec 03 §4). A stated 0 counts: such a test
 * runs without the GPU gate.
 */
export function stageGpus(
  stage: Pick<StageDefinition, 'test' | 'gpus'>,
  config: Pick<ModelConfig, 'gpus_per_test'>,
): number {
  return stage.gpus ?? config.gpus_per_test[baseName(stage.test)] ?? defaultGpus;
}

/** GPUs that a plan needs at once: the largest of its stages, 1 without any (spec 03 §4). */
export function planGpus(
  stages: readonly Pick<StageDefinition, 'test' | 'gpus'>[],
  config: Pick<ModelConfig, 'gpus_per_test'>,
): number {
  return stages.length === 0 ? 1 : Math.max(...stages.map((stage) => stageGpus(stage, config)));
}
