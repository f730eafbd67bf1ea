import { type AuditedStage, type CellFile, classifyStrict } from '../audit/strict.ts';
import type { Worst } from '../metrics/metric-kind.ts';

/** The minimum (`min`) or maximum (`max`) of values in the metric's native unit; null for none. */
export function worstOf(values: readonly number[], worst: Worst): number | null {
  if (values.length === 0) {
    return null;
  }
  return values.reduce((found, value) => (worst === 'min' ? Math.min(found, value) : Math.max(found, value)));
}

export interface MetricSamplesOptions {
  stage: AuditedStage;
  metric: string;
  /** The stage's cells, index k − 1. */
  files: readonly CellFile[];
}

/** The metric's raw value per repeat, index k − 1; null wherever the cell is not strict ✓. */
export function acceptedValues({ stage, metric, files }: MetricSamplesOptions): (number | null)[] {
  return files.map((file) =>
    file.kind === 'recorded' && classifyStrict(stage, file).symbol === '✓'
      ? (file.observation.metrics[metric] ?? null)
      : null,
  );
}

export interface WorstOfNOptions {
  /** One entry per repeat; null where the repeat gave no accepted value. */
  values: readonly (number | null)[];
  /** N. */
  repeats: number;
  worst: Worst;
}

/**
 * Worst of exactly N accepted values, raw; null as long as one is missing: a good repeat of another k never replaces a
 * bad one, and △ or ✗ are never inputs.
 */
export function worstOfN({ values, repeats, worst }: WorstOfNOptions): number | null {
  const finite = values.filter((value) => value !== null && Number.isFinite(value));
  return values.length === repeats && finite.length === repeats ? worstOf(finite as number[], worst) : null;
}
