import { baseName } from '../catalog/base-name.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import { allModelIds, requiredModelIds } from '../catalog/required-models.ts';
import { presetsWithoutStages } from '../selection/selection-warnings.ts';
import { planGpus } from '../selection/stage-gpus.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { PrecheckRequirements } from './requirements.ts';

export interface StageNeedsQuestion {
  config: ModelConfig;
  /** All stages of the model; empty where `stages.yaml` does not exist yet. */
  catalogStages: readonly StageDefinition[];
  /** Null: everything that is configured (spec 04 §1). */
  selected: readonly StageDefinition[] | null;
}

type StageNeeds = Pick<
  PrecheckRequirements,
  'models' | 'pins' | 'imports' | 'capabilities' | 'preset_problems'
> & { gpusNeeded: number; speakerSimRequired: boolean };

/** What a model, or a selection of its stages, needs of a machine, as far as the catalog alone says. */
export function stageNeeds({ config, catalogStages, selected }: StageNeedsQuestion): StageNeeds {
  const all = allModelIds(config);
  const required = selected === null ? all : requiredModelIds(selected, config);
  const counts = Object.values(config.gpus_per_test);
  const inScope = selected ?? catalogStages;
  return {
    models: { required, optional: all.filter((id) => !required.includes(id)) },
    pins: config.pins,
    imports: config.imports,
    capabilities: capabilityNeeds(config, selected),
    preset_problems: presetProblems(config, catalogStages),
    gpusNeeded: selected !== null ? planGpus(selected, config) : Math.max(0, ...counts),
    speakerSimRequired: config.requires_speaker_sim ?? inScope.some((stage) => stage.group === 'similarity'),
  };
}

function capabilityNeeds(
  config: ModelConfig,
  selected: readonly StageDefinition[] | null,
): PrecheckRequirements['capabilities'] {
  const runs = new Set(selected?.map((stage) => baseName(stage.test)));
  const byName = new Map<string, string[]>();
  for (const [test, names] of Object.entries(config.requires_capabilities)) {
    for (const name of names) {
      byName.set(name, [...(byName.get(name) ?? []), test]);
    }
  }
  return [...byName].map(([name, tests]) => ({
    name,
    tests,
    required: selected === null || tests.some((test) => runs.has(test)),
  }));
}

/** Gate 0 (spec 04 §10): every preset has stages, and no two presets of a test write the same literal (02 §8). */
function presetProblems(config: ModelConfig, stages: readonly StageDefinition[]): string[] {
  if (stages.length === 0) {
    return [];
  }
  const without = presetsWithoutStages(stages, config).map(
    ({ test, preset }) => `preset ${preset} of ${test} has no stage in stages.yaml`,
  );
  const owners = new Map<string, Set<string>>();
  for (const { test, calibration_preset: preset, metrics } of stages) {
    for (const { source } of preset === undefined ? [] : Object.values(metrics)) {
      const symbol = `${source} of ${test}`;
      owners.set(symbol, (owners.get(symbol) ?? new Set()).add(preset ?? ''));
    }
  }
  const shared = [...owners].flatMap(([symbol, presets]) =>
    presets.size < 2 ? [] : [`${symbol} is claimed by presets ${[...presets].join(', ')}`],
  );
  return [...without, ...shared];
}
