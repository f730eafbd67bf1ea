/** What a name must have, in the order in which it is tried: the first that fits decides. */
interface SubstringRule {
  metric: string;
  /** True for an upper-case name that is meant. */
  fits: (name: string) => boolean;
}

const has =
  (...parts: string[]) =>
  (name: string): boolean =>
    parts.every((part) => name.includes(part));
const hasOne =
  (...parts: string[]) =>
  (name: string): boolean =>
    parts.some((part) => name.includes(part));

/**
 * The rules of version 0.7 of the original tool, which look for words anywhere in a name. They also take
 * `STARTUP_LATENCY_MEAN_TIMEOUT` for a threshold: for catalogs whose `stages.yaml` was made with them, and no others.
 */
const rules: readonly SubstringRule[] = [
  { metric: 'accuracy', fits: (name) => /_(?:ACC_MIN|ACCURACY_MIN|MIN_ACCURACY)$/.test(name) },
  { metric: 'wer_below_50_corpus', fits: has('WER_BELOW_50_CORPUS_MAX') },
  { metric: 'n_above_50', fits: has('N_ABOVE_50_MAX') },
  { metric: 'failed_requests', fits: has('MAX_FAILED_REQUESTS') },
  { metric: 'cer_no_spk_cp_valid_percent', fits: has('CER_NO_SPK_CP_VALID_PERCENT') },
  { metric: 'cer_no_spk_below_50_corpus', fits: has('CER_NO_SPK_BELOW_50_PERCENT') },
  { metric: 'cer_no_spk_percent', fits: has('CER_NO_SPK_PERCENT') },
  { metric: 'cp_cer_percent', fits: has('CP_CER_PERCENT') },
  { metric: 'delta_cer_percent', fits: has('DELTA_CER_PERCENT') },
  { metric: 'n_above_50_pct_cer', fits: hasOne('N_ABOVE_50_CER_REF', 'N_ABOVE_50_CER_MAX') },
  { metric: 'speaker_timestamp_der_percent', fits: has('SPEAKER_TIMESTAMP_DER_PERCENT_REF') },
  { metric: 'cp_cer_valid_samples', fits: has('CP_CER_VALID_SAMPLES_MIN') },
  { metric: 'cer_valid_samples', fits: has('CER_VALID_SAMPLES_MIN') },
  { metric: 'cer_percent', fits: has('CER_PERCENT') },
  { metric: 'similarity_mean', fits: (name) => name.includes('SIMILARITY') && name.endsWith('_MIN') },
  { metric: 'utmos_mean', fits: (name) => name.includes('UTMOS') && name.endsWith('_REFERENCE') },
  { metric: 'corpus_wer', fits: hasOne('WER_MAX_CORPUS', 'CORPUS_WER_MAX') },
  { metric: 'per_sample_wer_max', fits: hasOne('WER_MAX_PER_SAMPLE', 'SAMPLE_WER_MAX') },
  { metric: 'throughput_qps', fits: hasOne('THROUGHPUT_QPS', 'THROUGHPUT_MIN') },
  { metric: 'output_tok_per_req_s', fits: has('OUTPUT_TOK_PER_REQ') },
  { metric: 'prompt_tokens_min', fits: has('PROMPT_TOKENS', 'MIN') },
  { metric: 'completion_tokens_min', fits: has('COMPLETION_TOKENS', 'MIN') },
  { metric: 'audio_duration_min_s', fits: has('AUDIO_DURATION', 'MIN') },
  { metric: 'latency_mean_s', fits: has('LATENCY_MEAN') },
  { metric: 'latency_p95_s', fits: has('LATENCY_P95') },
  { metric: 'latency_max_s', fits: has('LATENCY_MAX') },
  { metric: 'rtf_mean', fits: has('RTF_MEAN') },
  { metric: 'rtf_p95', fits: has('RTF_P95') },
  { metric: 'ttfa_p95_s', fits: has('TTFA', 'P95') },
  { metric: 'text_ttft_p95_s', fits: has('TEXT_TTFT', 'P95') },
  { metric: 'inter_chunk_p95_s', fits: has('INTER_CHUNK', 'P95') },
];

/** The metric that version 0.7 of the original tool saw in a constant's name; null where it saw none. */
export function metricBySubstring(name: string): string | null {
  return rules.find(({ fits }) => fits(name))?.metric ?? null;
}

/** What `compat` may be: versions of the original tool whose reading of names can be had. */
export const compatibleVersions = ['0.7'] as const;
export type CompatibleVersion = (typeof compatibleVersions)[number];
