import type { MetricSource } from '../catalog/metric-source.ts';
import type { InferredSource } from './infer-source.ts';

/** Config wins; a map in the config is laid over the inferred one, entry by entry (spec 02 §10). */
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
 * The lines that tell how config and convention relate (spec 02 §10), two leading spaces included.
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
  // With variants the file-level fields are not used (spec 02 §7), so there is nothing to compare.
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
