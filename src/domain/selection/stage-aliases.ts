import type { StageDefinition } from '../stages/stage.ts';

/** What a stage's key is made of. */
export type NamedStage = Pick<StageDefinition, 'key' | 'group' | 'variant' | 'calibration_preset'>;

/** `text` without `_<part>` at its end; null when it does not end so. */
function withoutSuffix(text: string, part: string | undefined): string | null {
  return part && text.endsWith(`_${part}`) && text.length > part.length + 1
    ? text.slice(0, -part.length - 1)
    : null;
}

/**
 * The names that select a stage together with its relatives (spec 03 §2), without repeats: without the group; also
 * without the variant; each without the preset; and without the preset but with the variant (`tts_nonstream`).
 */
export function stageAliases(stage: NamedStage): string[] {
  const { key, group, variant, calibration_preset: preset } = stage;
  const first = withoutSuffix(key, group) ?? key;
  const second = withoutSuffix(first, variant);
  const bases = second === null ? [first] : [first, second];
  const withoutPreset = bases.flatMap((base) => withoutSuffix(base, preset) ?? []);
  const base = second === null ? null : withoutSuffix(second, preset);
  const variantOfAllPresets = base === null ? [] : [`${base}_${variant}`];
  return [...new Set([...bases, ...withoutPreset, ...variantOfAllPresets])];
}

/** Every alias of the stages, sorted, with the stages it selects in catalog order (spec 03 §8 calls them bases). */
export function stagesByAlias<Stage extends NamedStage>(stages: readonly Stage[]): Map<string, Stage[]> {
  const found = new Map<string, Stage[]>();
  for (const stage of stages) {
    for (const alias of stageAliases(stage)) {
      found.set(alias, [...(found.get(alias) ?? []), stage]);
    }
  }
  return sortedByName(found);
}

/** Every non-empty group, sorted, with its stages in catalog order. */
export function stagesByGroup<Stage extends NamedStage>(stages: readonly Stage[]): Map<string, Stage[]> {
  const found = new Map<string, Stage[]>();
  for (const stage of stages) {
    if (stage.group !== '') {
      found.set(stage.group, [...(found.get(stage.group) ?? []), stage]);
    }
  }
  return sortedByName(found);
}

/** Aliases that a stage of the same key shadows, since a key is looked up first (spec 03 §2); sorted. */
export function shadowedAliases(stages: readonly NamedStage[]): string[] {
  const aliases = stagesByAlias(stages);
  return stages
    .filter(({ key }) => (aliases.get(key) ?? []).some((stage) => stage.key !== key))
    .map(({ key }) => key)
    .sort();
}

function sortedByName<Value>(map: Map<string, Value>): Map<string, Value> {
  return new Map([...map].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0)));
}
