import { describe, expect, test } from 'vitest';

import { metricNames, nestedMetricKeys } from '../../../src/domain/metrics/metrics.ts';
import { builtInMetrics, metricRegistry } from '../../../src/domain/metrics/metrics.ts';
import { novaConfig } from '../discovery/discover-texts.ts';

const names = metricNames(novaConfig());

describe('from name to metric', () => {
  test.each([
    ['X_MIN_ACCURACY', 'accuracy'],
    ['X_ACC_MIN', 'accuracy'],
    ['X_ACCURACY_MIN', 'accuracy'],
    ['_ACC_MIN', 'accuracy'],
    ['X_WER_BELOW_50_CORPUS_MAX', 'wer_below_50_corpus'],
    ['X_N_ABOVE_50_MAX', 'n_above_50'],
    ['TTS_MAX_FAILED_REQUESTS', 'failed_requests'],
    ['X_SIMILARITY_MEAN_MIN', 'similarity_mean'],
    ['X_UTMOS_MEAN_REFERENCE', 'utmos_mean'],
    ['X_WER_MAX_CORPUS', 'corpus_wer'],
    ['X_WER_MAX_PER_SAMPLE', 'per_sample_wer_max'],
    ['X_CORPUS_WER_MAX', 'corpus_wer'],
    ['X_SAMPLE_WER_MAX', 'per_sample_wer_max'],
    ['X_THROUGHPUT_MIN', 'throughput_qps'],
    ['X_LATENCY_MEAN_MAX_S', 'latency_mean_s'],
    ['X_LATENCY_P95_MAX_S', 'latency_p95_s'],
    ['X_RTF_MEAN_MAX', 'rtf_mean'],
    ['X_RTF_P95_MAX', 'rtf_p95'],
    ['X_UTMOS_SIMILARITY_MIN', 'similarity_mean'],
    ['SIMILARITY_WER_MAX_CORPUS_MIN', 'similarity_mean'],
    ['X_WER_MAX_CORPUS_THRESHOLD', 'corpus_wer'],
    ['WER_MAX_CORPUS', 'corpus_wer'],
  ])('%s is %s', (name, metric) => {
    expect(names.ofConstant(name)).toBe(metric);
  });

  test.each([
    'MIN_ACCURACY',
    'ACC_MIN',
    'X_ACC_MIN_2',
    'X_MIN_ACCURACY_OLD',
    'X_SIMILARITY_MIN_OLD',
    'X_UTMOS_REFERENCES',
    'CONCURRENCY',
    'SEEDTTS_EN_FULLSET_SAMPLES',
    'TTS_SIMILARITY_MAX_SAMPLES',
    'STREAMING_BENCHMARK_MAX_SAMPLES',
  ])('%s is no metric', (name) => {
    expect(names.ofConstant(name)).toBeNull();
  });

  test.each(nestedMetricKeys)('the inner key %s is the metric of the same name', (key) => {
    expect(names.ofNestedKey(key)).toBe(key);
  });

  test.each(['accuracy', 'warmup_s', 'corpus_wer', 'tok_per_s_agg'])(
    'the inner key %s is no metric',
    (key) => {
      expect(names.ofNestedKey(key)).toBeNull();
    },
  );
});

describe('the registry', () => {
  test('has an entry for every metric that a rule can give', () => {
    const registry = metricRegistry(novaConfig());
    expect([...registry.keys()]).toEqual(builtInMetrics.map((kind) => kind.key));
    expect(nestedMetricKeys.every((key) => registry.get(key)?.group === 'speed')).toBe(true);
  });

  test('takes additional metrics from the config, so that a new suite needs no change of the program', () => {
    const config = novaConfig(
      'metrics:\n  cer_corpus: {pattern: "_CER_LIMIT$", worst: max, label: "CER (%)", digits: 2, scale: 100, group: cer}\n  ttft_s: {worst: max, label: "TTFT (s)", group: latency, nested: true}\n',
    );
    expect(metricNames(config).ofConstant('X_CER_LIMIT')).toBe('cer_corpus');
    expect(metricNames(config).ofNestedKey('ttft_s')).toBe('ttft_s');
    expect(metricRegistry(config).get('ttft_s')).toEqual({
      key: 'ttft_s',
      worst: 'max',
      label: 'TTFT (s)',
      digits: 3,
      scale: 1,
      group: 'latency',
    });
  });

  test("the config's patterns come before the built-in rules, but never claim a sample-scope preset", () => {
    const config = novaConfig(
      'metrics:\n  own: {pattern: "WER|SAMPLES", worst: max, label: Own, group: own}\n',
    );
    expect(metricNames(config).ofConstant('X_WER_MAX_CORPUS')).toBe('own');
    expect(metricNames(config).ofConstant('SEEDTTS_EN_FULLSET_SAMPLES')).toBeNull();
  });

  test('an entry of a built-in key replaces it in its place', () => {
    const config = novaConfig('metrics:\n  rtf_mean: {worst: max, label: RTF, group: rtf}\n');
    expect([...metricRegistry(config).keys()]).toEqual(builtInMetrics.map((kind) => kind.key));
    expect(metricRegistry(config).get('rtf_mean')?.group).toBe('rtf');
  });
});
