import { CalibError } from '../calib-error.ts';
import { nearestName } from '../catalog/nearest-name.ts';
import { stagesByAlias, stagesByGroup, type NamedStage } from './stage-aliases.ts';

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

/** The first rule that applies decides: `ALL`, a stage key, `@group`, an alias (spec 03 §1). */
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
 * Resolves `--stages` (spec 03 §1).
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
