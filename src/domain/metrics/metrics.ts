import type { ModelConfig } from '../catalog/model-config.ts';
import { compilePythonPattern, isMatchableName } from '../catalog/python-pattern.ts';
import type { MetricKind } from './metric-kind.ts';

/** Constants that set how many samples CI runs; never thresholds, never edited. */
export const sampleScopePresets: readonly string[] = [
  'SEEDTTS_EN_FULLSET_SAMPLES',
  'TTS_SIMILARITY_MAX_SAMPLES',
  'STREAMING_BENCHMARK_MAX_SAMPLES',
];

/** Inner keys of a dictionary of dictionaries that are metrics of the same name. */
export const nestedMetricKeys: readonly string[] = [
  'throughput_qps',
  'output_tok_per_req_s',
  'latency_mean_s',
  'latency_p95_s',
  'rtf_mean',
  'rtf_p95',
];

export interface NameRule {
  metric: string;
  pattern: RegExp;
}

/** From a bare constant's name to its metric: the first rule that matches decides. */
const builtInNameRules: readonly NameRule[] = [
  { metric: 'accuracy', pattern: /^.*_ACC(?:URACY)?_MIN$|^.*_MIN_ACCURACY$/ },
  { metric: 'wer_below_50_corpus', pattern: /WER_BELOW_50_CORPUS_MAX/ },
  { metric: 'n_above_50', pattern: /N_ABOVE_50_MAX/ },
  { metric: 'failed_requests', pattern: /MAX_FAILED_REQUESTS/ },
  { metric: 'similarity_mean', pattern: /SIMILARITY.*_MIN$/ },
  { metric: 'utmos_mean', pattern: /UTMOS.*_REFERENCE$/ },
  { metric: 'corpus_wer', pattern: /WER_MAX_CORPUS/ },
  { metric: 'per_sample_wer_max', pattern: /WER_MAX_PER_SAMPLE/ },
  { metric: 'corpus_wer', pattern: /CORPUS_WER_MAX/ },
  { metric: 'per_sample_wer_max', pattern: /SAMPLE_WER_MAX/ },
  { metric: 'throughput_qps', pattern: /THROUGHPUT_MIN/ },
  { metric: 'latency_mean_s', pattern: /LATENCY_MEAN_MAX/ },
  { metric: 'latency_p95_s', pattern: /LATENCY_P95_MAX/ },
  { metric: 'rtf_mean', pattern: /RTF_MEAN_MAX/ },
  { metric: 'rtf_p95', pattern: /RTF_P95_MAX/ },
];

export interface MetricNames {
  /** The metric of a bare constant; null when no rule matches. */
  ofConstant(name: string): string | null;
  /** The metric of an inner dictionary key; null when it is none. */
  ofNestedKey(key: string): string | null;
}

/**
 * The rules that a model's names go through. The config's own patterns are searched anywhere in the name and come before
 * the built-in rules, in config order, so that a suite can claim a name for a metric of its own; sample-scope presets
 * come first of all.
 *
 * @throws SyntaxError when a pattern is not valid; a loaded model config has only valid ones
 */
export function metricNames(config: Pick<ModelConfig, 'metrics'>): MetricNames {
  const added = Object.entries(config.metrics);
  const configured: NameRule[] = added.flatMap(([metric, { pattern }]) =>
    pattern === undefined ? [] : [{ metric, pattern: compilePythonPattern(pattern, 'search') }],
  );
  const rulesFor = (name: string): readonly NameRule[] =>
    isMatchableName(name) ? [...configured, ...builtInNameRules] : builtInNameRules;
  const nested = new Set([
    ...nestedMetricKeys,
    ...added.flatMap(([key, kind]) => (kind.nested ? [key] : [])),
  ]);
  const presets = new Set(sampleScopePresets);
  return {
    ofConstant: (name) =>
      presets.has(name) ? null : (rulesFor(name).find((rule) => rule.pattern.test(name))?.metric ?? null),
    ofNestedKey: (key) => (nested.has(key) ? key : null),
  };
}

/** The built-in metrics, in the order of spec 02 §5. Native units: fractions for accuracy and WER, raw for the rest. */
export const builtInMetrics: readonly MetricKind[] = [
  { key: 'accuracy', worst: 'min', label: 'Acc (%)', digits: 2, scale: 100, group: 'accuracy' },
  { key: 'corpus_wer', worst: 'max', label: 'Corpus WER (%)', digits: 2, scale: 100, group: 'wer' },
  {
    key: 'per_sample_wer_max',
    worst: 'max',
    label: 'Max per-sample WER (%)',
    digits: 2,
    scale: 100,
    group: 'wer',
  },
  {
    key: 'wer_below_50_corpus',
    worst: 'max',
    label: 'Corpus WER ≤50% (%)',
    digits: 2,
    scale: 100,
    group: 'wer',
  },
  { key: 'n_above_50', worst: 'max', label: 'Samples >50% WER', digits: 0, scale: 1, group: 'wer' },
  { key: 'throughput_qps', worst: 'min', label: 'Throughput (req/s)', digits: 3, scale: 1, group: 'speed' },
  {
    key: 'output_tok_per_req_s',
    worst: 'min',
    label: 'Output tok/req-s',
    digits: 1,
    scale: 1,
    group: 'speed',
  },
  { key: 'latency_mean_s', worst: 'max', label: 'Latency mean (s)', digits: 3, scale: 1, group: 'speed' },
  { key: 'latency_p95_s', worst: 'max', label: 'Latency p95 (s)', digits: 3, scale: 1, group: 'speed' },
  { key: 'rtf_mean', worst: 'max', label: 'RTF mean', digits: 4, scale: 1, group: 'speed' },
  { key: 'rtf_p95', worst: 'max', label: 'RTF p95', digits: 4, scale: 1, group: 'speed' },
  {
    key: 'failed_requests',
    worst: 'max',
    label: 'Failed requests',
    digits: 0,
    scale: 1,
    group: 'reliability',
  },
  {
    key: 'similarity_mean',
    worst: 'min',
    label: 'Speaker sim mean',
    digits: 4,
    scale: 1,
    group: 'similarity',
  },
  { key: 'utmos_mean', worst: 'min', label: 'UTMOS mean', digits: 4, scale: 1, group: 'utmos' },
];

/**
 * The metrics that a model knows: the built-in ones, with the config's `metrics:` added; an entry of the same key
 * replaces the built-in one.
 */
export function metricRegistry(config: Pick<ModelConfig, 'metrics'>): ReadonlyMap<string, MetricKind> {
  const registry = new Map(builtInMetrics.map((kind) => [kind.key, kind]));
  for (const [key, { worst, label, digits, scale, group }] of Object.entries(config.metrics)) {
    registry.set(key, { key, worst, label, digits, scale, group });
  }
  return registry;
}
