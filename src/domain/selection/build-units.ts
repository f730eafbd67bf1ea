import { baseName } from '../catalog/base-name.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import type { Unit } from '../plan/unit.ts';
import type { StageDefinition } from '../stages/stage.ts';
import { groupStages, type InvokedStage } from './group-stages.ts';
import { stageGpus } from './stage-gpus.ts';

/**
 * The pytest invocations of a selection, in order of their first stage (spec 03 §5).
 *
 * @param stages the selected stages, in selection order
 * @param config gives GPUs, extra pytest arguments and time limits by test file
 */
export function buildUnits(
  stages: readonly (InvokedStage & Pick<StageDefinition, 'gpus'>)[],
  config: Pick<ModelConfig, 'gpus_per_test' | 'pytest_extra_args' | 'timeout_s_by_test'>,
): Unit[] {
  return groupStages(stages).map(({ namespace, test, env, stages: members }) => {
    const file = baseName(test);
    const timeout = config.timeout_s_by_test[file];
    return {
      namespace,
      test,
      env: { ...env },
      gpus: Math.max(...members.map((stage) => stageGpus(stage, config))),
      stages: members.map(({ key }) => key),
      pytest_args: [...(config.pytest_extra_args[file] ?? [])],
      ...(timeout === undefined ? {} : { timeout_s: timeout }),
    };
  });
}
