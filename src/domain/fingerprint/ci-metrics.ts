import { z } from 'zod';

import { builtInMetrics } from '../metrics/built-in-metrics.ts';

const metricId = z.string().min(3).max(4096).regex(/.\../, { error: 'must be STAGE.METRIC' });

/**
 * Values that CI measured in its last passing runs, by `STAGE.METRIC`, in the metric's native unit; `metrics` of the document
 * that `ci_reference` names.
 */
export const ciMetricsSchema = z
  .record(metricId, z.array(z.number()).min(1).max(100))
  .refine((metrics) => Object.keys(metrics).length <= 5000, { error: 'at most 5000 metrics' });
export type CiMetrics = z.infer<typeof ciMetricsSchema>;

/** What `precheck.json` keeps of them, so that the report says the same whenever it is written. */
export const ciRecordSchema = z.object({ source: z.string().max(1000), metrics: ciMetricsSchema });
export type CiRecord = z.infer<typeof ciRecordSchema>;

/** A ratio of medians outside of these is no longer the noise of one machine: another driver, clock or kernel. */
export const usualRatio = { least: 0.9, most: 1.1 } as const;

/** One efficiency metric of a session against CI. */
export interface CiComparison {
  /** Values of CI. */
  runs: number;
  /** Medians in the metric's native unit. */
  ci_median: number;
  median: number;
  /** The session's median over CI's. */
  ratio: number;
  /** Why a person has to decide about the metric; null where CI and session agree. */
  needs_decision: string | null;
}

/**
 * A session's values of a metric against CI's; null where CI recorded none, none was measured, or the metric says something
 * about the model rather than the machine.
 */
export function compareWithCi(question: {
  stage: string;
  group: string;
  metric: string;
  values: readonly number[];
  ci: CiRecord;
}): CiComparison | null {
  const { stage, group, metric, values, ci } = question;
  const id = `${stage}.${metric}`;
  const theirs = Object.hasOwn(ci.metrics, id) ? (ci.metrics[id] ?? []) : [];
  const [here, there] = [median(values), median(theirs)];
  if (here === null || there === null || there === 0 || !isEfficiency(metric, group)) return null;
  const ratio = here / there;
  const isUsual = ratio >= usualRatio.least && ratio <= usualRatio.most;
  const shown = `${Number(here.toPrecision(4))} here, ${Number(there.toPrecision(4))} in CI`;
  return {
    runs: theirs.length,
    ci_median: there,
    median: here,
    ratio,
    needs_decision: isUsual
      ? null
      : `its median is ${ratio.toFixed(2)} times that of CI (${shown}, ${theirs.length} run(s) of ${ci.source})`,
  };
}

function isEfficiency(metric: string, group: string): boolean {
  const known = builtInMetrics.find(({ key }) => key === metric);
  return known === undefined ? group === 'speed' : known.nature === 'efficiency';
}

function median(values: readonly number[]): number | null {
  const sorted = values.filter(Number.isFinite).toSorted((left, right) => left - right);
  const [low, high] = [
    sorted[Math.floor((sorted.length - 1) / 2)],
    sorted[Math.ceil((sorted.length - 1) / 2)],
  ];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}
