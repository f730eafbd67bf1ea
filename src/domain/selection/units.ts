import type { ModelConfig } from '../catalog/model-config.ts';
import { baseName } from '../catalog/names.ts';
import type { Unit } from '../session/session-plan.ts';
import type { StageDefinition } from '../stages/stage.ts';

const offsetBasis = 0xcb_f2_9c_e4_84_22_23_25n;
const prime = 0x1_00_00_00_01_b3n;

/**
 * Eight hex digits of FNV-1a (64 bit) over the text: tells names apart, proves nothing. Written out here because
 * the domain has no Node built-ins, and the result must be the same in a workflow's replay.
 */
export function shortHash(text: string): string {
  let hash = offsetBasis;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  }
  return hash.toString(16).padStart(16, '0').slice(0, 8);
}

/** What decides which pytest invocation feeds a stage, and what that invocation is called. */
export type InvokedStage = Pick<StageDefinition, 'key' | 'test' | 'extra_env' | 'calibration_preset'>;

/** Stages that one pytest invocation feeds: same test file, same environment. */
export interface StageGroup<Stage> {
  /** Unique among the groups: file stem, `__` and presets, and a hash where two would be equal. */
  namespace: string;
  test: string;
  env: Record<string, string>;
  /** In selection order. */
  stages: Stage[];
}

/** Equal for two stages exactly when one invocation feeds both. */
export function invocationKey(stage: Pick<StageDefinition, 'test' | 'extra_env'>): string {
  const pairs = Object.entries(stage.extra_env).sort(([left], [right]) => (left < right ? -1 : 1));
  return JSON.stringify([stage.test, pairs]);
}

function plainNamespace(test: string, stages: readonly InvokedStage[]): string {
  const stem = baseName(test).replace(/\.py$/, '');
  const presets = [...new Set(stages.flatMap((stage) => stage.calibration_preset ?? []))].sort();
  return presets.length === 0 ? stem : `${stem}__${presets.join('_')}`;
}

/** Two groups of one name would share logs and result directories: every one of them gets a hash. */
function uniqueNamespaces(plain: readonly string[], invocations: readonly string[]): string[] {
  const taken = new Set<string>(plain.filter((name) => plain.indexOf(name) === plain.lastIndexOf(name)));
  return plain.map((name, index) => {
    if (taken.has(name)) {
      return name;
    }
    let unique = `${name}_${shortHash(invocations[index] ?? '')}`;
    while (taken.has(unique)) {
      unique += '_';
    }
    taken.add(unique);
    return unique;
  });
}

/** Groups stages by invocation, ordered by the first stage of each. */
export function groupStages<Stage extends InvokedStage>(stages: readonly Stage[]): StageGroup<Stage>[] {
  const byInvocation = new Map<string, Stage[]>();
  for (const stage of stages) {
    const key = invocationKey(stage);
    byInvocation.set(key, [...(byInvocation.get(key) ?? []), stage]);
  }
  const groups = [...byInvocation.values()].flatMap((members) => {
    const [first] = members;
    return first === undefined ? [] : [{ test: first.test, env: first.extra_env, stages: members }];
  });
  const namespaces = uniqueNamespaces(
    groups.map((group) => plainNamespace(group.test, group.stages)),
    [...byInvocation.keys()],
  );
  return groups.map((group, index) => ({ namespace: namespaces[index] ?? group.test, ...group }));
}

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

/**
 * The pytest invocations of a selection, in order of their first stage.
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
