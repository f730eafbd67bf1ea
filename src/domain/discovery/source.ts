import type { MetricSource, SampleCountEntries } from '../catalog/metric-source.ts';
import type { ModelConfig } from '../catalog/model-config.ts';
import type { JsonSource, StageDefinition } from '../stages/stage.ts';
import type { SourceFacts } from './source-facts.ts';

/** What convention says about a `tmp_path` test's result file. */
export interface InferredSource {
  json_file: string;
  sample_counts: { total: string; ok: string };
  paths: Record<string, string>;
  /** Other test functions whose directories the running number cannot tell apart. */
  sharesDirectoryWith: string[];
}

/** pytest cuts a `tmp_path` directory's name here, then appends a running number. */
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
 * Infers where a test file's values are, from the first test function that makes a folder in `tmp_path`.
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

/**
 * Resolves a config entry: a dotted path in the default file, or `<file>::<dotted path>`, split at the first `::` and
 * trimmed; empty or absent parts become null.
 */
export function resolveEntry(entry: string | undefined, defaultFile: string | undefined): JsonSource {
  const text = entry ?? '';
  const split = text.indexOf('::');
  if (text.trim() === '') {
    return { json_file: null, json_path: null };
  }
  const file = split === -1 ? (defaultFile ?? '') : text.slice(0, split);
  const path = split === -1 ? text : text.slice(split + 2);
  return { json_file: file.trim() || null, json_path: path.trim() || null };
}

/** Where a stage's sample counts are: the group's own entries replace the general ones as a whole. */
export function resolveSampleCounts(settings: {
  json_file?: string | undefined;
  sample_counts?: SampleCountEntries | undefined;
  sample_counts_by_group?: Record<string, SampleCountEntries> | undefined;
  group: string;
}): NonNullable<StageDefinition['sample_counts']> {
  const entries = settings.sample_counts_by_group?.[settings.group] ?? settings.sample_counts;
  return {
    total: resolveEntry(entries?.total, settings.json_file),
    ok: resolveEntry(entries?.ok, settings.json_file),
  };
}

/** Whether both file and path are known. */
export function isComplete(source: JsonSource): boolean {
  return source.json_file !== null && source.json_path !== null;
}

/** Config wins; a map in the config is laid over the inferred one, entry by entry. */
export function mergeSource(
  configured: MetricSource | undefined,
  inferred: InferredSource | null,
): MetricSource {
  if (inferred === null) {
    return configured ?? {};
  }
  const { json_file, sample_counts, paths } = inferred;
  return {
    json_file,
    ...configured,
    sample_counts: { ...sample_counts, ...configured?.sample_counts },
    paths: { ...paths, ...configured?.paths },
  };
}

/**
 * The lines that tell how config and convention relate, two leading spaces included.
 *
 * @param file base name of the test file
 * @param metrics the metrics that the file really has: only their paths are suggested
 */
export function describeMerge(merge: {
  file: string;
  configured: MetricSource | undefined;
  inferred: InferredSource | null;
  metrics: readonly string[];
}): string[] {
  const { file, configured, inferred } = merge;
  if (configured === undefined) {
    return inferred === null
      ? [`  [warn] ${file}: no auto-inference available, needs metric_sources in config.yaml`]
      : [`  [auto] ${file}: inferred from AST (convention).`, ...suggestion(file, inferred, merge.metrics)];
  }
  // With variants the file-level fields are not used, so there is nothing to compare.
  if (inferred === null || configured.variants !== undefined) {
    return [];
  }
  const differing = differences(configured, inferred);
  return differing.length === 0
    ? [`  [ok] ${file}: config matches inference`]
    : [`  [override] ${file}: config.yaml overrides convention (${differing.join(', ')} differ)`];
}

function differences(configured: MetricSource, inferred: InferredSource): string[] {
  const file = configured.json_file;
  const paths = Object.entries(inferred.paths);
  const pathsDiffer = paths.some(([metric, path]) => (configured.paths?.[metric] ?? path) !== path);
  return [
    ...(file !== undefined && file !== inferred.json_file ? ['json_file'] : []),
    ...(pathsDiffer ? ['paths'] : []),
  ];
}

function suggestion(file: string, inferred: InferredSource, metrics: readonly string[]): string[] {
  const { json_file, sample_counts, paths } = inferred;
  const present = Object.entries(paths).filter(([metric]) => metrics.includes(metric));
  const entry = [
    'Suggested config.yaml entry:',
    `  ${file}:`,
    `    json_file: "${json_file}"`,
    '    sample_counts:',
    `      total: "${sample_counts.total}"`,
    `      ok: "${sample_counts.ok}"`,
    ...(present.length === 0 ? [] : ['    paths:']),
    ...present.map(([metric, path]) => `      ${metric}: "${path}"`),
  ];
  return entry.map((line) => `    ${line}`);
}

/** File name of a repository-relative POSIX path; the key of every "by test file" map of the config. */
export function testFileName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** A test below a folder called `docs`: judged by pass or fail only (§12). */
export function isDocsTest(path: string): boolean {
  return path.split('/').slice(0, -1).includes('docs');
}

/** The first part of the keys of all stages of a test file. */
export function stageBase(path: string, config: ModelConfig): string {
  const stem = testFileName(path).replace(/\.py$/, '');
  if (isDocsTest(path)) {
    return config.stage_base_docs_override ?? stem;
  }
  const { stage_base_strip_prefix: prefix, stage_base_strip_suffix: suffix } = config;
  const withoutPrefix = stem.startsWith(prefix) ? stem.slice(prefix.length) : stem;
  return suffix !== '' && withoutPrefix.endsWith(suffix)
    ? withoutPrefix.slice(0, -suffix.length)
    : withoutPrefix;
}
