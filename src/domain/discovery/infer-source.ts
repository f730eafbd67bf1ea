import type { SourceFacts } from './source-facts.ts';

/** What convention says about a `tmp_path` test's result file (spec 02 §9). */
export interface InferredSource {
  json_file: string;
  sample_counts: { total: string; ok: string };
  paths: Record<string, string>;
  /** Other test functions whose directories the running number cannot tell apart. */
  sharesDirectoryWith: string[];
}

/** pytest cuts a `tmp_path` directory's name here, then appends a running number (spec 02 §9). */
const directoryNameLength = 30;

interface Convention {
  paths: Record<string, string>;
  total: string;
  ok: string;
}

function speedPaths(section: string): Record<string, string> {
  const keys = ['throughput_qps', 'output_tok_per_req_s', 'latency_mean_s', 'latency_p95_s', 'rtf_mean'];
  return Object.fromEntries(keys.map((key) => [key, `${section}.${key}`]));
}

const defaultConvention: Convention = {
  paths: {
    accuracy: 'summary.accuracy',
    corpus_wer: 'wer.summary.wer_corpus',
    per_sample_wer_max: 'wer.summary.wer_per_sample_max',
    wer_below_50_corpus: 'wer.summary.wer_below_50_corpus',
    n_above_50: 'wer.summary.n_above_50_pct_wer',
    ...speedPaths('speed'),
  },
  total: 'summary.total_samples',
  ok: 'speed.completed_requests',
};

/** Benchmark modules whose results are laid out differently. */
const conventionByBenchmark: Readonly<Record<string, Convention>> = {
  benchmark_omni_mmsu: {
    paths: {
      ...defaultConvention.paths,
      accuracy: 'summary.overall_accuracy',
      ...speedPaths('speed_metrics'),
    },
    total: defaultConvention.total,
    ok: 'summary.successful_samples',
  },
};

/**
 * Infers where a test file's values are, from the first test function that makes a folder in `tmp_path` (spec 02 §9).
 *
 * @returns null when no test function does
 */
export function inferSource(facts: SourceFacts): InferredSource | null {
  const test = facts.tmpPathFunctions.find(
    ({ name, directory }) => name.startsWith('test') && directory !== null && directory !== '',
  );
  if (test === undefined || test.directory === null) {
    return null;
  }
  const cut = test.name.slice(0, directoryNameLength);
  const stem = test.directory.replace(/_audio$/, '');
  const benchmark = facts.benchmarkModules.find((module) => Object.hasOwn(conventionByBenchmark, module));
  const convention = conventionByBenchmark[benchmark ?? ''] ?? defaultConvention;
  return {
    json_file: `${cut}0/${test.directory}/${stem}_results.json`,
    sample_counts: { total: convention.total, ok: convention.ok },
    paths: { ...convention.paths },
    sharesDirectoryWith: facts.testFunctions.filter(
      (name) => name !== test.name && name.slice(0, directoryNameLength) === cut,
    ),
  };
}
