import { CalibError } from '../calib-error.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import { baseName, nearestName } from '../catalog/names.ts';
import type { StageDefinition } from '../stages/stage.ts';
import { groupStages, invocationKey, type InvokedStage } from './units.ts';

/** What a stage's key is made of. */
export type NamedStage = Pick<StageDefinition, 'key' | 'group' | 'variant' | 'calibration_preset'>;

/** `text` without `_<part>` at its end; null when it does not end so. */
function withoutSuffix(text: string, part: string | undefined): string | null {
  return part && text.endsWith(`_${part}`) && text.length > part.length + 1
    ? text.slice(0, -part.length - 1)
    : null;
}

/**
 * The names that select a stage together with its relatives, without repeats: without the group; also
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

/** Every alias of the stages, sorted, with the stages it selects in catalog order. */
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

/** Aliases that a stage of the same key shadows, since a key is looked up first; sorted. */
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

export interface StageSelection<Stage> {
  /** In token order, within a token in catalog order, each once. */
  stages: Stage[];
  /** `expanded --stages …`, null when the tokens were the stage keys themselves. */
  expansionLine: string | null;
}

function tokensOf(raw: string): string[] {
  return raw
    .split(',')
    .map((token) => token.trim())
    .filter((token) => token !== '');
}

/** The first rule that applies decides: `ALL`, a stage key, `@group`, an alias. */
function createResolver<Stage extends NamedStage>(stages: readonly Stage[]) {
  const byKey = new Map(stages.map((stage) => [stage.key, [stage]]));
  const byAlias = stagesByAlias(stages);
  const byGroup = stagesByGroup(stages);
  const resolve = (token: string): readonly Stage[] | null => {
    if (token.toUpperCase() === 'ALL') {
      return stages;
    }
    const ofGroup = token.startsWith('@') ? byGroup.get(token.slice(1)) : undefined;
    return byKey.get(token) ?? ofGroup ?? byAlias.get(token) ?? null;
  };
  const names = {
    stages: [...byKey.keys()].sort(),
    bases: [...byAlias.keys()],
    groups: [...byGroup.keys()].map((group) => `@${group}`),
  };
  return { resolve, names };
}

function quoted(tokens: readonly string[]): string {
  return `[${tokens.map((token) => `'${token}'`).join(', ')}]`;
}

function unknownTokens(
  unknown: readonly string[],
  names: { stages: string[]; bases: string[]; groups: string[] },
): CalibError {
  const lines = [
    `unknown stage token(s): ${quoted(unknown)}`,
    `  stages: ${names.stages.join(', ')}`,
    `  bases: ${names.bases.join(', ')}`,
    `  groups: ${names.groups.join(', ')}`,
  ];
  const all = ['ALL', ...names.bases, ...names.stages, ...names.groups];
  const suggestions = unknown.flatMap((token) => {
    const near = nearestName(token, all);
    return near === null ? [] : [`${near} instead of ${token}`];
  });
  return new CalibError('invalid-input', lines.join('\n'), {
    remedy:
      suggestions.length > 0
        ? `did you mean ${suggestions.join(', ')}?`
        : 'take names from the lists above, or from calib stages-list',
  });
}

/**
 * Resolves `--stages`.
 *
 * @param stages the model's stages in catalog order
 * @param raw the option's value: comma-separated stage keys, aliases, `@group` and `ALL`
 * @throws CalibError `invalid-input` for an unknown token (with all known names) and for an empty selection
 */
export function selectStages<Stage extends NamedStage>(
  stages: readonly Stage[],
  raw: string,
): StageSelection<Stage> {
  const tokens = tokensOf(raw);
  const { resolve, names } = createResolver(stages);
  const resolved = tokens.map((token) => ({ token, found: resolve(token) }));
  const unknown = resolved.filter(({ found }) => found === null).map(({ token }) => token);
  if (unknown.length > 0) {
    throw unknownTokens(unknown, names);
  }
  const selected = [...new Set(resolved.flatMap(({ found }) => found ?? []))];
  if (selected.length === 0) {
    const reason = tokens.length === 0 ? `--stages '${raw}' names no stage` : 'the catalog has no stages';
    throw new CalibError('invalid-input', `empty selection: ${reason}`, {
      remedy: 'leave --stages out to select every stage, or pick names that calib stages-list prints',
    });
  }
  const keys = selected.map(({ key }) => key);
  const asGiven = keys.length === new Set(tokens).size && keys.every((key) => tokens.includes(key));
  const line = `expanded --stages '${raw}' → ${keys.length} stage(s): ${keys.join(', ')}`;
  return { stages: selected, expansionLine: asGiven ? null : line };
}

/** Stages that a unit runs without being recorded, because pytest always runs the whole file. */
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

/** One sentence for each unit whose GPU time is partly spent on stages that are not recorded. */
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
 * full calibration must include; null when there is nothing to say. Allowed for targeted work.
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

/** A preset that calibration must run but that has no stage (CI picks one at random, calibration never does). */
export interface PresetWithoutStages {
  /** Base name of the test file. */
  test: string;
  preset: string;
}

/** Presets of the model config for which `stages.yaml` has no stage. */
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
