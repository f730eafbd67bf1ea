import type { Materiality, MetricKind, Nature } from './metric-kind.ts';

/** A metric that calib knows by itself, with the words by which a constant's name says that it holds its threshold. */
export interface BuiltInMetric extends MetricKind {
  /**
   * What the end of a name must be, as regular expressions whose first word begins at a word of the name. `_BOUND` stands
   * for `_REF`, `_REFERENCE` or the metric's own `_MIN` or `_MAX`, with a unit before or behind it; `UNIT` for such a unit.
   */
  names: readonly string[];
  /** Whether the key also names the metric as a key of a table of thresholds. */
  nested: boolean;
}

const onePercent: Materiality = { relative: 0.01 };
const halfPoint: Materiality = { absolute: 0.5 };
const halfPointOfShare: Materiality = { absolute: 0.005 };
const one: Materiality = { absolute: 1 };

type Entry = Pick<BuiltInMetric, 'key' | 'worst' | 'label' | 'digits' | 'names'> &
  Partial<Pick<BuiltInMetric, 'scale' | 'unit' | 'nature' | 'materiality' | 'nested'>>;

/** Metrics of one group; what an entry does not say is the group's. */
function group(
  name: string,
  shared: { nature: Nature; materiality: Materiality },
  entries: readonly Entry[],
): BuiltInMetric[] {
  return entries.map((entry) => ({ group: name, scale: 1, unit: null, nested: false, ...shared, ...entry }));
}

const accuracy = group(
  'accuracy',
  { nature: 'correctness', materiality: { absolute: 0.005, per_sample: true } },
  [
    {
      key: 'accuracy',
      worst: 'min',
      label: 'Acc (%)',
      digits: 2,
      scale: 100,
      names: ['_ACC(?:URACY)?_BOUND', '_MIN_ACCURACYUNIT'],
    },
  ],
);

const wordErrors = group('wer', { nature: 'correctness', materiality: halfPointOfShare }, [
  {
    key: 'corpus_wer',
    worst: 'max',
    label: 'Corpus WER (%)',
    digits: 2,
    scale: 100,
    names: ['CORPUS_WER_BOUND', 'WER_MAX_CORPUS'],
  },
  {
    key: 'per_sample_wer_max',
    worst: 'max',
    label: 'Max per-sample WER (%)',
    digits: 2,
    scale: 100,
    names: ['SAMPLE_WER_BOUND', 'WER_MAX_PER_SAMPLE'],
  },
  {
    key: 'wer_below_50_corpus',
    worst: 'max',
    label: 'Corpus WER ≤50% (%)',
    digits: 2,
    scale: 100,
    names: ['WER_BELOW_50_CORPUS_BOUND'],
  },
  {
    key: 'n_above_50',
    worst: 'max',
    label: 'Samples >50% WER',
    digits: 0,
    unit: 'samples',
    materiality: one,
    names: ['N_ABOVE_50_BOUND', 'N_ABOVE_50_WER_BOUND'],
  },
]);

/** Native values are per cent, unlike those of the word error rates. */
const diarization = group('diarization', { nature: 'correctness', materiality: halfPoint }, [
  { key: 'cer_percent', worst: 'max', label: 'CER (%)', digits: 2, unit: '%', names: ['CER_PERCENT_BOUND'] },
  {
    key: 'cer_no_spk_percent',
    worst: 'max',
    label: 'CER no-spk (%)',
    digits: 2,
    unit: '%',
    names: ['CER_NO_SPK_PERCENT_BOUND'],
  },
  {
    key: 'cp_cer_percent',
    worst: 'max',
    label: 'cpCER (%)',
    digits: 2,
    unit: '%',
    names: ['CP_CER_PERCENT_BOUND'],
  },
  {
    key: 'cer_no_spk_cp_valid_percent',
    worst: 'max',
    label: 'CER no-spk cp-valid (%)',
    digits: 2,
    unit: '%',
    names: ['CER_NO_SPK_CP_VALID_PERCENT_BOUND'],
  },
  {
    key: 'delta_cer_percent',
    worst: 'max',
    label: 'Delta CER (%)',
    digits: 2,
    unit: '%',
    names: ['DELTA_CER_PERCENT_BOUND'],
  },
  {
    key: 'cer_no_spk_below_50_corpus',
    worst: 'max',
    label: 'CER no-spk ≤50% corpus (%)',
    digits: 2,
    unit: '%',
    names: ['CER_NO_SPK_BELOW_50_(?:PERCENT|CORPUS)_BOUND'],
  },
  {
    key: 'n_above_50_pct_cer',
    worst: 'max',
    label: 'Samples >50% CER',
    digits: 0,
    unit: 'samples',
    materiality: one,
    names: ['N_ABOVE_50_(?:PCT_)?CER_BOUND'],
  },
  {
    key: 'speaker_timestamp_der_percent',
    worst: 'max',
    label: 'Speaker-timestamp DER (%)',
    digits: 2,
    unit: '%',
    names: ['SPEAKER_TIMESTAMP_DER_PERCENT_BOUND'],
  },
  {
    key: 'cer_valid_samples',
    worst: 'min',
    label: 'CER valid samples',
    digits: 0,
    unit: 'samples',
    nature: 'count',
    materiality: one,
    names: ['CER_VALID_SAMPLES_BOUND'],
  },
  {
    key: 'cp_cer_valid_samples',
    worst: 'min',
    label: 'cpCER valid samples',
    digits: 0,
    unit: 'samples',
    nature: 'count',
    materiality: one,
    names: ['CP_CER_VALID_SAMPLES_BOUND'],
  },
]);

const rates = group('speed', { nature: 'efficiency', materiality: onePercent }, [
  {
    key: 'throughput_qps',
    worst: 'min',
    label: 'Throughput (req/s)',
    digits: 3,
    unit: 'req/s',
    nested: true,
    names: ['THROUGHPUT_BOUND', 'THROUGHPUT_QPS_BOUND'],
  },
  {
    key: 'output_tok_per_req_s',
    worst: 'min',
    label: 'Output tok/req-s',
    digits: 1,
    unit: 'tok/s',
    nested: true,
    names: ['OUTPUT_TOK_PER_REQ_BOUND'],
  },
  {
    key: 'completion_tokens_min',
    worst: 'min',
    label: 'Completion tokens min',
    digits: 0,
    unit: 'tokens',
    nature: 'count',
    materiality: one,
    names: ['COMPLETION_TOKENS_MIN(?:_REF|_REFERENCE)?', 'MIN_COMPLETION_TOKENS(?:_REF|_REFERENCE)?'],
  },
  {
    key: 'audio_duration_min_s',
    worst: 'min',
    label: 'Audio duration min (s)',
    digits: 3,
    unit: 's',
    nature: 'count',
    names: ['AUDIO_DURATION_MINUNIT(?:_REF|_REFERENCE)?', 'MIN_AUDIO_DURATIONUNIT(?:_REF|_REFERENCE)?'],
  },
  {
    key: 'prompt_tokens_min',
    worst: 'min',
    label: 'Prompt tokens min',
    digits: 0,
    unit: 'tokens',
    nature: 'count',
    materiality: one,
    names: ['PROMPT_TOKENS_MIN(?:_REF|_REFERENCE)?', 'MIN_PROMPT_TOKENS(?:_REF|_REFERENCE)?'],
  },
]);

const times = group('speed', { nature: 'efficiency', materiality: onePercent }, [
  {
    key: 'latency_mean_s',
    worst: 'max',
    label: 'Latency mean (s)',
    digits: 3,
    unit: 's',
    nested: true,
    names: ['LATENCY_MEAN_BOUND'],
  },
  {
    key: 'latency_p95_s',
    worst: 'max',
    label: 'Latency p95 (s)',
    digits: 3,
    unit: 's',
    nested: true,
    names: ['LATENCY_P95_BOUND'],
  },
  {
    key: 'latency_max_s',
    worst: 'max',
    label: 'Latency max (s)',
    digits: 3,
    unit: 's',
    names: ['LATENCY_MAX_BOUND', 'LATENCY_MAXUNIT'],
  },
  {
    key: 'rtf_mean',
    worst: 'max',
    label: 'RTF mean',
    digits: 4,
    nested: true,
    names: ['RTF_MEAN_BOUND'],
  },
  { key: 'rtf_p95', worst: 'max', label: 'RTF p95', digits: 4, nested: true, names: ['RTF_P95_BOUND'] },
  {
    key: 'ttfa_p95_s',
    worst: 'max',
    label: 'TTFA p95 (s)',
    digits: 4,
    unit: 's',
    names: ['TTFA_P95_BOUND'],
  },
  {
    key: 'text_ttft_p95_s',
    worst: 'max',
    label: 'Text TTFT p95 (s)',
    digits: 4,
    unit: 's',
    names: ['TEXT_TTFT_P95_BOUND'],
  },
  {
    key: 'inter_chunk_p95_s',
    worst: 'max',
    label: 'Inter-chunk p95 (s)',
    digits: 4,
    unit: 's',
    names: ['INTER_CHUNK_P95_BOUND'],
  },
]);

const reliability = group('reliability', { nature: 'count', materiality: one }, [
  {
    key: 'failed_requests',
    worst: 'max',
    label: 'Failed requests',
    digits: 0,
    unit: 'requests',
    names: ['MAX_FAILED_REQUESTS', 'FAILED_REQUESTS_BOUND'],
  },
]);

const voice = [
  ...group('similarity', { nature: 'correctness', materiality: halfPoint }, [
    {
      key: 'similarity_mean',
      worst: 'min',
      label: 'Speaker sim mean',
      digits: 4,
      names: ['SIMILARITY(?:_MEAN)?_BOUND', 'SIMILARITY_(?:[A-Z0-9]+_)*MIN'],
    },
  ]),
  ...group('utmos', { nature: 'correctness', materiality: { absolute: 0.02 } }, [
    {
      key: 'utmos_mean',
      worst: 'min',
      label: 'UTMOS mean',
      digits: 4,
      names: ['UTMOS(?:_MEAN)?_BOUND', 'UTMOS_(?:[A-Z0-9]+_)*REFERENCE'],
    },
  ]),
];

/**
 * The metrics that calib knows by itself, in the order in which they are listed. Native units: shares for accuracy and
 * word error rates, per cent for the diarization errors, seconds for times.
 */
export const builtInMetrics: readonly BuiltInMetric[] = [
  ...accuracy,
  ...wordErrors,
  ...diarization,
  ...rates,
  ...times,
  ...reliability,
  ...voice,
];
