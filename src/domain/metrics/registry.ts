import type { ModelConfig } from '../catalog/model-config.ts';
import type { MetricKind } from './metric-kind.ts';

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
