import type { MetricDefinition } from '../catalog/metric-definition.ts';
import { compilePythonPattern, isMatchableName } from '../catalog/python-pattern.ts';
import { type BuiltInMetric, builtInMetrics } from './built-in-metrics.ts';
import type { MetricKind } from './metric-kind.ts';
import { type CompatibleVersion, metricBySubstring } from './substring-names.ts';

/** What a model's config adds to the built-in metrics. */
interface ConfiguredMetrics {
  metrics: Readonly<Record<string, MetricDefinition>>;
  /** Names are read as that version of the original tool read them. */
  compat?: CompatibleVersion | undefined;
}

/** Constants that set how many samples CI runs; never thresholds, never edited. */
export const sampleScopePresets: readonly string[] = [
  'SEEDTTS_EN_FULLSET_SAMPLES',
  'TTS_SIMILARITY_MAX_SAMPLES',
  'STREAMING_BENCHMARK_MAX_SAMPLES',
];

/**
 * Thresholds that their suite pins by hand, unless a config names them otherwise: a count that moved 30 → 29 → 31 within
 * two days says nothing about a model.
 */
export const pinnedConstants: readonly string[] = ['MOSS_TD_STREAM_N_ABOVE_50_CER_MAX'];

/** Keys of a table of thresholds that are metrics of the same name. */
export const nestedMetricKeys: readonly string[] = builtInMetrics
  .filter(({ nested }) => nested)
  .map(({ key }) => key);

export interface MetricNames {
  /** The metric of a bare constant; the first where several claim it, null where none does. */
  ofConstant(name: string): string | null;
  /** Every metric that claims the name; more than one is for a person to settle. */
  claimsOf(name: string): readonly string[];
  /** The metric of an inner dictionary key; null when it is none. */
  ofNestedKey(key: string): string | null;
}

interface NameRule {
  metric: string;
  pattern: RegExp;
}

const unit = '(?:_S|_MS|_PERCENT)';

/** Names whose metrics are remembered: more than any suite has, and a bound for one that is made up. */
const mostKnownNames = 100_000;

const builtInRules: readonly NameRule[] = builtInMetrics.flatMap((metric) =>
  metric.names.map((name) => ({ metric: metric.key, pattern: nameEnd(name, metric.worst) })),
);

/**
 * A bound of the other direction is another gate: `X_N_ABOVE_50_CER_MIN` says from when on a count is too good to be true.
 */
function nameEnd(name: string, worst: BuiltInMetric['worst']): RegExp {
  const bound = `${unit}?_(?:REF|REFERENCE|${worst === 'min' ? 'MIN' : 'MAX'})${unit}?`;
  const words = name.replace('_BOUND', bound).replace('UNIT', `${unit}?`);
  return new RegExp(`${name.startsWith('_') ? '' : '(?:^|_)'}${words}$`);
}

/**
 * The rules that a model's names go through. The config's own patterns are searched anywhere in the name and come before
 * the built-in rules, so that a suite can claim a name for a metric of its own; sample-scope presets come first of all.
 * Of the built-in rules the one that explains most of the name decides: `X_CP_CER_PERCENT_REF` is no `CER_PERCENT`.
 *
 * @throws SyntaxError when a pattern is not valid; a loaded model config has only valid ones
 */
export function metricNames(config: ConfiguredMetrics): MetricNames {
  const added = Object.entries(config.metrics);
  const configured: NameRule[] = added.flatMap(([metric, { match }]) =>
    match.map((pattern) => ({ metric, pattern: compilePythonPattern(pattern, 'search') })),
  );
  const nested = new Set([
    ...nestedMetricKeys,
    ...added.flatMap(([key, kind]) => (kind.nested === true ? [key] : [])),
  ]);
  const presets = new Set(sampleScopePresets);
  const known = new Map<string, readonly string[]>();
  // A suite has few names, and each is asked for many times.
  const claimsOf = (name: string): readonly string[] => {
    const before = known.get(name);
    if (before !== undefined) return before;
    const claims = findClaims(name);
    if (known.size < mostKnownNames) known.set(name, claims);
    return claims;
  };
  const findClaims = (name: string): readonly string[] => {
    if (presets.has(name) || !isMatchableName(name)) return [];
    const own = configured.filter(({ pattern }) => pattern.test(name)).map(({ metric }) => metric);
    if (own.length > 0) return [...new Set(own)];
    if (config.compat === undefined) return builtInClaims(name);
    const metric = metricBySubstring(name);
    return metric === null ? [] : [metric];
  };
  return {
    claimsOf,
    ofConstant: (name) => claimsOf(name)[0] ?? null,
    ofNestedKey: (key) => (nested.has(key) ? key : null),
  };
}

function builtInClaims(name: string): string[] {
  const hits = builtInRules.flatMap(({ metric, pattern }) => {
    const index = pattern.exec(name)?.index;
    return index === undefined ? [] : [{ metric, index }];
  });
  const first = Math.min(...hits.map(({ index }) => index));
  return [...new Set(hits.filter(({ index }) => index === first).map(({ metric }) => metric))];
}

/**
 * The metrics that a model knows: the built-in ones, with the config's `metrics:` added. An entry of a built-in key
 * changes what it says and leaves the rest; an entry of a new key has the display and nature of a plain number unless it
 * says otherwise.
 */
export function metricRegistry(config: ConfiguredMetrics): ReadonlyMap<string, MetricKind> {
  const registry = new Map<string, MetricKind>(
    builtInMetrics.map(({ names: _names, nested: _nested, ...kind }) => [kind.key, kind]),
  );
  for (const [key, given] of Object.entries(config.metrics)) {
    registry.set(key, merged(registry.get(key) ?? plainMetric(key, given.group), given));
  }
  return registry;
}

/**
 * What a metric of the config is where it says nothing; its direction and group are demanded of it. Of unknown nature means
 * `correctness`: such a metric never speaks against a whole repeat.
 */
function plainMetric(key: string, group = key): MetricKind {
  return {
    key,
    worst: 'max',
    label: key,
    digits: 3,
    scale: 1,
    unit: null,
    group,
    nature: group === 'speed' ? 'efficiency' : group === 'reliability' ? 'count' : 'correctness',
    materiality: { relative: 0.01 },
  };
}

function merged(known: MetricKind, given: MetricDefinition): MetricKind {
  const { worst, label, digits, scale, unit, group, nature, materiality } = given;
  return {
    key: known.key,
    worst: worst ?? known.worst,
    label: label ?? known.label,
    digits: digits ?? known.digits,
    scale: scale ?? known.scale,
    unit: unit ?? known.unit,
    group: group ?? known.group,
    nature: nature ?? known.nature,
    materiality: materiality ?? known.materiality,
  };
}
