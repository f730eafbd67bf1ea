import { isCount } from '../apply/write-value.ts';
import type { Worst } from '../metrics/metric-kind.ts';

/**
 * `log`: times, rates and error rates, whose spread and slack are relative. `raw`: bounded scores and counts, and every
 * metric of which a value is not positive.
 */
export type RiskScale = 'log' | 'raw';

/** What a metric is, as far as its risk depends on it. */
export interface RiskMetric {
  /** The metric's group: `speed`, `wer`, `accuracy`, … */
  group: string;
  worst: Worst;
  /** Display digits and scale: only tell counts from other numbers. */
  digits: number;
  scale: number;
}

/** Groups of positive numbers without an upper end. */
const relativeGroups = new Set(['speed', 'wer', 'diarization']);

/** Whether a metric counts things, so that it moves in steps of 1. */
export function countsThings(metric: RiskMetric): boolean {
  return metric.group === 'reliability' || isCount(metric);
}

/**
 * The scale on which a metric's runs are taken as normal.
 *
 * @param numbers its runs and its gates; one that is not positive has no logarithm
 */
export function scaleOf(metric: RiskMetric, numbers: readonly number[]): RiskScale {
  const isRelative = relativeGroups.has(metric.group) && !countsThings(metric);
  return isRelative && numbers.every((value) => value > 0) ? 'log' : 'raw';
}

/** A native number on the scale, turned so that larger is worse. */
export function orient(value: number, { worst, scale }: { worst: Worst; scale: RiskScale }): number {
  const scaled = scale === 'log' ? Math.log(value) : value;
  return worst === 'min' ? -scaled : scaled;
}
