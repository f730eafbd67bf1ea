import { allModelIds, type ModelConfig, requiredModelIds } from '../catalog/model-config.ts';
import { baseName } from '../catalog/names.ts';
import { presetsWithoutStages } from '../selection/select.ts';
import { planGpus } from '../selection/units.ts';
import type { SessionPlan } from '../session/session-plan.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { PrecheckRequirements } from './requirements.ts';

/** What one test file asks for; null keys for a file that could not be read. */
export interface DatasetReferences {
  test: string;
  keys: string[] | null;
}

export interface DatasetQuestion {
  /** `hf_datasets` of the model config. */
  configured: readonly string[];
  references: readonly DatasetReferences[];
  /** Key → hub id, from the checkout's `benchmarks/dataset/prepare.py`. */
  table: Readonly<Record<string, string>>;
  scope: 'configured' | 'stages';
  /** What the config says that tests need, which then are in no reference. */
  stated?: readonly (readonly string[])[];
}

export interface DatasetAnswer {
  required: string[];
  optional: string[];
  /** Required, but not listed in the config. */
  unlisted: string[];
  warnings: string[];
}

/**
 * The datasets that a run needs: of selected stages, what their tests reference, all configured ones if that
 * is nothing; standing alone, the configured ones and what the model's tests reference.
 */
export function requiredDatasets(question: DatasetQuestion): DatasetAnswer {
  const { configured, references, table, scope, stated = [] } = question;
  const warnings = references.flatMap(({ test, keys }) =>
    (keys ?? [])
      .filter((key) => !Object.hasOwn(table, key))
      .map(
        (key) => `${test} uses DATASETS["${key}"], a key that benchmarks/dataset/prepare.py does not have`,
      ),
  );
  const referenced = new Set(
    references.flatMap(({ keys }) =>
      (keys ?? []).flatMap((key) => (Object.hasOwn(table, key) ? (table[key] ?? []) : [])),
    ),
  );
  const isAllStated = references.length === 0 && stated.length > 0;
  const takesAll = scope === 'configured' || (referenced.size === 0 && !isAllStated);
  const wanted = new Set([...(takesAll ? configured : []), ...referenced, ...stated.flat()]);
  const required = [...wanted].sort();
  return {
    required,
    optional: configured.filter((id) => !wanted.has(id)),
    unlisted: [...referenced].filter((id) => !configured.includes(id)).sort(),
    warnings,
  };
}

type PlanPart = Pick<SessionPlan, 'environment' | 'units' | 'precheck' | 'lane_table'> &
  Partial<Pick<SessionPlan, 'lanes' | 'policies'>>;

/** What a session's precheck asks: as resolved at the start, or for an older plan what can be said from its units. */
export function planRequirements(plan: PlanPart): PrecheckRequirements {
  const requirements = knownRequirements(plan);
  const { lane_table: lanes, lanes: lane_count, policies } = plan;
  return {
    ...requirements,
    // What the launches go by, whatever the model config says by now.
    ...(policies === undefined ? {} : { jit_cache: policies.jit_cache }),
    gpus: {
      ...requirements.gpus,
      ...(lane_count === undefined ? {} : { lane_count }),
      ...(lanes === undefined ? {} : { lanes }),
    },
  };
}

function knownRequirements(plan: PlanPart): PrecheckRequirements {
  return (
    plan.precheck.requirements ?? {
      scope: 'stages',
      models: { required: [], optional: [] },
      datasets: { required: [], optional: [] },
      unlisted_datasets: [],
      warnings: [
        `the plan does not say what ${plan.units.map(({ test }) => baseName(test)).join(', ')} need(s): ` +
          'models, datasets and pins were not checked',
      ],
      preset_problems: [],
      pins: [],
      imports: [],
      environment: Object.entries(plan.environment).map(([name, value]) => ({
        name,
        value,
        source: 'config',
      })),
      gpus: { needed: Math.max(...plan.units.map(({ gpus }) => gpus)), model: null, count: null },
      capabilities: [],
      speaker_sim: { required: false, host_command: false, hf_token_hint: null },
      venv_candidates: [],
      host: null,
      host_declined: true,
    }
  );
}

export interface StageNeedsQuestion {
  config: ModelConfig;
  /** All stages of the model; empty where `stages.yaml` does not exist yet. */
  catalogStages: readonly StageDefinition[];
  /** Null: everything that is configured. */
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
    speakerSimRequired: needsSpeakerSim(config, inScope),
  };
}

/** A test file's own word, else the model's, else whether a stage of it scores similarity. */
function needsSpeakerSim(config: ModelConfig, stages: readonly StageDefinition[]): boolean {
  const byTest = config.requires_speaker_sim_by_test;
  return stages.length === 0
    ? (config.requires_speaker_sim ?? Object.values(byTest).includes(true))
    : stages.some(
        ({ test, group }) => byTest[baseName(test)] ?? config.requires_speaker_sim ?? group === 'similarity',
      );
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

/** Gate 0: every preset has stages, and no two presets of a test write the same literal. */
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
