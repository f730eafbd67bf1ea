import { baseName } from '../catalog/base-name.ts';
import type { StageDefinition } from '../stages/stage.ts';
import { shortHash } from './short-hash.ts';

/** What decides which pytest invocation feeds a stage, and what that invocation is called. */
export type InvokedStage = Pick<StageDefinition, 'key' | 'test' | 'extra_env' | 'calibration_preset'>;

/** Stages that one pytest invocation feeds: same test file, same environment (spec 03 §5). */
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

/** Two groups of one name would share logs and result directories: every one of them gets a hash (spec 03 §5). */
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

/** Groups stages by invocation, ordered by the first stage of each (spec 03 §5). */
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
