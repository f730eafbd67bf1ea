import { baseName } from '../catalog/base-name.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import type { StageDefinition } from '../stages/stage.ts';
import { groupStages, invocationKey, type InvokedStage } from './group-stages.ts';

/** Stages that a unit runs without being recorded, because pytest always runs the whole file (spec 03 §5). */
export interface UnrecordedStages {
  namespace: string;
  test: string;
  /** Keys in catalog order, never empty. */
  stages: string[];
}

/**
 * For each unit of a selection, the stages of the same invocation that were not selected.
 *
 * @param catalogStages all stages of the model
 * @param selected the selected ones
 */
function unrecordedStages(
  catalogStages: readonly InvokedStage[],
  selected: readonly InvokedStage[],
): UnrecordedStages[] {
  const chosen = new Set(selected.map(({ key }) => key));
  return groupStages(selected).flatMap(({ namespace, test, env }) => {
    const invocation = invocationKey({ test, extra_env: env });
    const stages = catalogStages
      .filter((stage) => !chosen.has(stage.key) && invocationKey(stage) === invocation)
      .map(({ key }) => key);
    return stages.length === 0 ? [] : [{ namespace, test, stages }];
  });
}

/** One sentence for each unit whose GPU time is partly spent on stages that are not recorded (spec 03 §5). */
export function wholeFileWarnings(
  catalogStages: readonly InvokedStage[],
  selected: readonly InvokedStage[],
): string[] {
  return unrecordedStages(catalogStages, selected).map(
    ({ namespace, test, stages }) =>
      `${namespace} runs the whole of ${test}: ${stages.join(', ')} will run without being recorded`,
  );
}

/** Whether a word such as `asr` stands in the name of a stage's test file, between underscores. */
export function concerns(stage: Pick<StageDefinition, 'test'>, word: string): boolean {
  return baseName(stage.test).replace(/\.py$/, '').split('_').includes(word);
}

/**
 * The warning for text-to-speech stages selected without the speech-recognition stages of the same model, which a
 * full calibration must include (spec 03 §3); null when there is nothing to say. Allowed for targeted work.
 */
export function missingAsrWarning(
  catalogStages: readonly Pick<StageDefinition, 'key' | 'test'>[],
  selected: readonly Pick<StageDefinition, 'key' | 'test'>[],
): string | null {
  const asr = catalogStages.filter((stage) => concerns(stage, 'asr'));
  const chosen = new Set(selected.map(({ key }) => key));
  const selectsTts = selected.some((stage) => concerns(stage, 'tts'));
  if (!selectsTts || asr.length === 0 || asr.some(({ key }) => chosen.has(key))) {
    return null;
  }
  const keys = asr.map(({ key }) => key).join(', ');
  return `the selection has TTS stages but no ASR stage of the same model; a full TTS calibration includes ${keys}`;
}

/** A preset that calibration must run but that has no stage (spec 03 §3: calibration never picks). */
export interface PresetWithoutStages {
  /** Base name of the test file. */
  test: string;
  preset: string;
}

/** Presets of the model config for which `stages.yaml` has no stage (spec 04 §10 gate 0). */
export function presetsWithoutStages(
  catalogStages: readonly Pick<StageDefinition, 'test' | 'calibration_preset'>[],
  config: Pick<ModelConfig, 'metric_sources'>,
): PresetWithoutStages[] {
  return Object.entries(config.metric_sources).flatMap(([test, source]) =>
    Object.keys(source.calibration_presets ?? {})
      .filter(
        (preset) =>
          !catalogStages.some(
            (stage) => baseName(stage.test) === test && stage.calibration_preset === preset,
          ),
      )
      .map((preset) => ({ test, preset })),
  );
}
