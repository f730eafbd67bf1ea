import { describe, expect, test } from 'vitest';

import { metricNames } from '../../../src/domain/metrics/metric-names.ts';
import { metricBySubstring } from '../../../src/domain/metrics/substring-names.ts';
import { novaConfig } from '../discovery/discover-texts.ts';

const today = metricNames(novaConfig());
const earlier = metricNames({ ...novaConfig(), compat: '0.7' });

describe('names as version 0.7 of the original tool read them', () => {
  test.each([
    ['X_ACCURACY_MIN', 'accuracy'],
    ['X_WER_BELOW_50_CORPUS_MAX_V2', 'wer_below_50_corpus'],
    ['X_N_ABOVE_50_MAX', 'n_above_50'],
    ['X_MAX_FAILED_REQUESTS_TOTAL', 'failed_requests'],
    ['X_CER_NO_SPK_BELOW_50_PERCENT_REF', 'cer_no_spk_below_50_corpus'],
    ['X_CER_NO_SPK_PERCENT_REF', 'cer_no_spk_percent'],
    ['X_CP_CER_PERCENT_REF', 'cp_cer_percent'],
    ['X_DELTA_CER_PERCENT_REF', 'delta_cer_percent'],
    ['X_N_ABOVE_50_CER_MAX', 'n_above_50_pct_cer'],
    ['X_CP_CER_VALID_SAMPLES_MIN', 'cp_cer_valid_samples'],
    ['X_CER_VALID_SAMPLES_MIN', 'cer_valid_samples'],
    ['X_CER_PERCENT_REF', 'cer_percent'],
    ['X_SIMILARITY_MEAN_MIN', 'similarity_mean'],
    ['X_UTMOS_REFERENCE', 'utmos_mean'],
    ['X_CORPUS_WER_MAX', 'corpus_wer'],
    ['X_SAMPLE_WER_MAX', 'per_sample_wer_max'],
    ['X_THROUGHPUT_QPS_AT_4', 'throughput_qps'],
    ['MIN_PROMPT_TOKENS', 'prompt_tokens_min'],
    ['X_TTFA_P95_S_REF', 'ttfa_p95_s'],
    ['X_INTER_CHUNK_P95_S_REF', 'inter_chunk_p95_s'],
    ['STARTUP_LATENCY_MEAN_TIMEOUT', 'latency_mean_s'],
    ['LATENCY_MAXIMUM_RETRIES', 'latency_max_s'],
    ['RTF_MEAN_WINDOW', 'rtf_mean'],
  ])('%s is %s', (name, metric) => {
    expect(earlier.claimsOf(name)).toEqual([metric]);
  });

  test.each(['X_UTMOS_REF', 'X_SIMILARITY_REF', 'X_ACCURACY_REF', 'CONCURRENCY', 'X_N_ABOVE_50'])(
    '%s is none',
    (name) => {
      expect(metricBySubstring(name)).toBeNull();
      expect(earlier.ofConstant(name)).toBeNull();
    },
  );

  test('what only they take for a threshold is none without them', () => {
    for (const name of ['STARTUP_LATENCY_MEAN_TIMEOUT', 'LATENCY_MAXIMUM_RETRIES', 'RTF_MEAN_WINDOW']) {
      expect(today.ofConstant(name)).toBeNull();
    }
  });

  test("the config's own patterns come first, and numbers of samples are no metrics", () => {
    const own = metricNames({
      compat: '0.7',
      metrics: { start_s: { worst: 'max', group: 'speed', match: ['^STARTUP_'] } },
    });
    expect(own.claimsOf('STARTUP_LATENCY_MEAN_TIMEOUT')).toEqual(['start_s']);
    expect(earlier.ofConstant('TTS_SIMILARITY_MAX_SAMPLES')).toBeNull();
  });
});
