import { describe, expect, test } from 'vitest';

import { materialityFloor } from '../../../src/domain/metrics/metric-kind.ts';
import { metricNames, metricRegistry, nestedMetricKeys } from '../../../src/domain/metrics/metric-names.ts';
import { builtInMetrics } from '../../../src/domain/metrics/built-in-metrics.ts';
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
    ['WER_MAX_CORPUS', 'corpus_wer'],
    ['X_CORPUS_WER_REF', 'corpus_wer'],
    ['X_CER_PERCENT_REF', 'cer_percent'],
    ['X_CER_NO_SPK_PERCENT_REF', 'cer_no_spk_percent'],
    ['X_CP_CER_PERCENT_REF', 'cp_cer_percent'],
    ['X_CER_NO_SPK_CP_VALID_PERCENT_REF', 'cer_no_spk_cp_valid_percent'],
    ['X_DELTA_CER_PERCENT_MAX', 'delta_cer_percent'],
    ['X_CER_NO_SPK_BELOW_50_PERCENT_REF', 'cer_no_spk_below_50_corpus'],
    ['X_N_ABOVE_50_CER_REF', 'n_above_50_pct_cer'],
    ['X_SPEAKER_TIMESTAMP_DER_PERCENT_REF', 'speaker_timestamp_der_percent'],
    ['X_CER_VALID_SAMPLES_MIN', 'cer_valid_samples'],
    ['X_CP_CER_VALID_SAMPLES_MIN', 'cp_cer_valid_samples'],
    ['X_THROUGHPUT_QPS_REF', 'throughput_qps'],
    ['X_OUTPUT_TOK_PER_REQ_S_REF', 'output_tok_per_req_s'],
    ['X_COMPLETION_TOKENS_MIN_REF', 'completion_tokens_min'],
    ['X_AUDIO_DURATION_MIN_S_REF', 'audio_duration_min_s'],
    ['MIN_PROMPT_TOKENS', 'prompt_tokens_min'],
    ['X_LATENCY_MEAN_S_REF', 'latency_mean_s'],
    ['X_LATENCY_P95_MS_MAX', 'latency_p95_s'],
    ['X_LATENCY_MAX_S', 'latency_max_s'],
    ['X_RTF_P95_REFERENCE', 'rtf_p95'],
    ['X_TTFA_P95_S_REF', 'ttfa_p95_s'],
    ['X_TEXT_TTFT_P95_S_REF', 'text_ttft_p95_s'],
    ['X_INTER_CHUNK_P95_S_REF', 'inter_chunk_p95_s'],
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
    'STARTUP_LATENCY_MEAN_TIMEOUT',
    'LATENCY_MAXIMUM_RETRIES',
    'RTF_MEAN_WINDOW',
    'X_WER_MAX_CORPUS_THRESHOLD',
    'MYLATENCY_MEAN_MAX',
    // Bounds of the other direction: from when on a value is too good to be true.
    'X_N_ABOVE_50_CER_MIN',
    'X_THROUGHPUT_MAX',
    `X_${'A_'.repeat(100)}RTF_MEAN_MAX`,
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
      unit: null,
      nature: 'correctness',
      materiality: { relative: 0.01 },
    });
  });

  test('changes of a built-in metric what the config says, and nothing else', () => {
    const config = novaConfig(
      'metrics:\n  wer_below_50_corpus: {match: ["^ODD_NAME$"], materiality: 0.01, unit: share}\n',
    );
    const known = builtInMetrics.find(({ key }) => key === 'wer_below_50_corpus');
    const changed = metricRegistry(config).get('wer_below_50_corpus');
    expect(changed).toMatchObject({ label: known?.label, worst: 'max', group: 'wer', nature: 'correctness' });
    expect(changed).toMatchObject({ materiality: { absolute: 0.01 }, unit: 'share' });
    expect(metricNames(config).ofConstant('ODD_NAME')).toBe('wer_below_50_corpus');
    expect(metricNames(config).ofConstant('X_WER_BELOW_50_CORPUS_MAX')).toBe('wer_below_50_corpus');
  });

  test('a metric that calib does not know must say which direction is bad, and its group', () => {
    expect(() => novaConfig('metrics:\n  own: {label: Own}\n')).toThrow(
      /metrics\.own\.worst[\s\S]*metrics\.own\.group/,
    );
  });

  test('a name that two patterns of the config claim is left to a person', () => {
    const config = novaConfig(
      'metrics:\n  one: {match: [ONE, BOTH], worst: max, group: g}\n  two: {match: BOTH, worst: max, group: g}\n',
    );
    expect(metricNames(config).claimsOf('X_BOTH')).toEqual(['one', 'two']);
    expect(metricNames(config).claimsOf('X_ONE')).toEqual(['one']);
  });

  test('every built-in metric claims a name of its own, and no other metric claims it', () => {
    const bound = { min: 'MIN', max: 'MAX' };
    const suffix = (name: string, worst: 'min' | 'max') =>
      name
        .replace('_BOUND', `_${bound[worst]}`)
        .replace('UNIT', '')
        .replaceAll(/\(\?:([^|)]*)[^)]*\)[*?]?/g, '$1');
    for (const { key, worst, names: spelt } of builtInMetrics) {
      expect(names.claimsOf(`X_${suffix(spelt[0] ?? '', worst).replace(/^_/, '')}`)).toEqual([key]);
    }
    expect(builtInMetrics).toHaveLength(31);
  });
});

describe('what difference of two values matters', () => {
  const floor = (key: string, context: { median: number; samples: number | null }) =>
    materialityFloor(builtInMetrics.find((kind) => kind.key === key)?.materiality ?? {}, context);

  test.each([
    ['accuracy', { median: 0.7, samples: 20 }, 0.05],
    ['accuracy', { median: 0.7, samples: 2000 }, 0.005],
    ['accuracy', { median: 0.7, samples: null }, 0.005],
    ['corpus_wer', { median: 0.02, samples: 20 }, 0.005],
    ['cer_percent', { median: 5, samples: 20 }, 0.5],
    ['n_above_50_pct_cer', { median: 30, samples: 800 }, 1],
    ['similarity_mean', { median: 66, samples: 50 }, 0.5],
    ['utmos_mean', { median: 4.1, samples: 50 }, 0.02],
    ['throughput_qps', { median: 200, samples: 50 }, 2],
  ])('%s, %j: %d', (key, context, expected) => {
    expect(floor(key, context)).toBeCloseTo(expected, 12);
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
