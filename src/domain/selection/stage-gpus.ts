import type { ModelConfig } from '../catalog/model-config.ts';
import { baseName } from '../catalog/base-name.ts';
import type { StageDefinition } from '../stages/stage.ts';

/** GPUs that a stage needs: its own number, else its test file's, else none. Without any it runs without the GPU gate. */
export function stageGpus(
  stage: Pick<StageDefinition, 'test' | 'gpus'>,
  config: Pick<ModelConfig, 'gpus_per_test'>,
): number {
  return stage.gpus ?? config.gpus_per_test[baseName(stage.test)] ?? 0;
}

/** GPUs that a plan needs at once: the largest of its stages, none without any. */
export function planGpus(
  stages: readonly Pick<StageDefinition, 'test' | 'gpus'>[],
  config: Pick<ModelConfig, 'gpus_per_test'>,
): number {
  return Math.max(0, ...stages.map((stage) => stageGpus(stage, config)));
}
