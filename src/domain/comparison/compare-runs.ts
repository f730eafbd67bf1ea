import type { RunSnapshot } from '../audit/strict.ts';
import type { Display, Worst } from '../metrics/metric-kind.ts';
import { acceptedValues, worstOf, worstOfN } from '../statistics/worst-of-n.ts';

/** One side of a comparison, native units. */
export interface MetricSide {
  /** Worst of N; null when not all N repeats are strict ✓. */
  worst: number | null;
  /** Best accepted value; with `worst` the spread over the repeats. */
  best: number | null;
}

export interface MetricComparison {
  stage_key: string;
  metric_key: string;
  group: string;
  worst_op: Worst;
  display: Display;
  /** Null when the earlier session did not measure this metric. */
  before: MetricSide | null;
  after: MetricSide;
  /** (after − before) / before × 100 of the worst values; null without both, or when the earlier one is 0. */
  percent: number | null;
  direction: 'better' | 'worse' | 'same' | 'unknown';
}

/** Old worst against new worst, per metric of the newer session in plan order. */
export function compareRuns(before: RunSnapshot, after: RunSnapshot): MetricComparison[] {
  return after.stages.flatMap((stage) =>
    Object.entries(stage.metrics).map(([key, metric]) => {
      const old = before.stages.some((other) => other.key === stage.key && key in other.metrics)
        ? measure({ snapshot: before, stageKey: stage.key, metric: key, worst: metric.worst })
        : null;
      const now = measure({ snapshot: after, stageKey: stage.key, metric: key, worst: metric.worst });
      return {
        stage_key: stage.key,
        metric_key: key,
        group: stage.group,
        worst_op: metric.worst,
        display: metric.display,
        before: old,
        after: now,
        ...change({ before: old?.worst ?? null, after: now.worst, worst: metric.worst }),
      };
    }),
  );
}

/**
 * `stage.metric` of everything that the earlier session measured and the newer one does not, in the earlier plan's
 * order.
 */
export function droppedMetrics(before: RunSnapshot, after: RunSnapshot): string[] {
  return before.stages.flatMap((stage) => {
    const still = after.stages.find((other) => other.key === stage.key)?.metrics ?? {};
    return Object.keys(stage.metrics).flatMap((key) => (key in still ? [] : [`${stage.key}.${key}`]));
  });
}

function measure(wanted: {
  snapshot: RunSnapshot;
  stageKey: string;
  metric: string;
  worst: Worst;
}): MetricSide {
  const { snapshot, stageKey, metric, worst } = wanted;
  const stage = snapshot.stages.find((candidate) => candidate.key === stageKey);
  const values =
    stage === undefined ? [] : acceptedValues({ stage, metric, files: snapshot.cells[stageKey] ?? [] });
  const accepted = values.filter((value) => value !== null);
  return {
    worst: worstOfN({ values, repeats: snapshot.plan.repeats, worst }),
    best: worstOf(accepted, worst === 'min' ? 'max' : 'min'),
  };
}

function change(values: {
  before: number | null;
  after: number | null;
  worst: Worst;
}): Pick<MetricComparison, 'percent' | 'direction'> {
  const { before, after, worst } = values;
  if (before === null || after === null) {
    return { percent: null, direction: 'unknown' };
  }
  const better = worst === 'min' ? after > before : after < before;
  return {
    percent: before === 0 ? null : ((after - before) / before) * 100,
    direction: after === before ? 'same' : better ? 'better' : 'worse',
  };
}
