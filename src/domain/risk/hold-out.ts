import { writeValue, type WriteValueOptions } from '../apply/write-value.ts';
import { worstOf } from '../statistics/worst-of-n.ts';
import { clopperPearson } from './distributions.ts';
import { failsGate, type GateRule } from './risk-gate.ts';
import type { HoldOut } from './risk-document.ts';

export interface HeldMetric extends WriteValueOptions {
  /** `STAGE.METRIC`. */
  id: string;
  /** By repeat; null where there is no accepted value. */
  values: readonly (number | null)[];
  rule: GateRule;
}

/**
 * How many runs would have failed CI, had the literals come from the other runs: each run is held against the gates that
 * the worst of the others leads to. Needs no distribution, and what moves together stays together.
 *
 * @returns null unless at least one metric has two complete runs and a gate
 */
export function holdOut(metrics: readonly HeldMetric[], repeats: number): HoldOut | null {
  const used = metrics.filter(({ values }) => values.length === repeats && !values.includes(null));
  const results = used.map((metric) => ({ id: metric.id, failed: failedRepeats(metric) }));
  const known = results.filter(({ failed }) => failed !== null);
  if (repeats < 2 || known.length === 0) return null;
  const byRepeat = Array.from({ length: repeats }, (_, index) => ({
    repeat: index + 1,
    failed: known.filter(({ failed }) => failed?.has(index) === true).map(({ id }) => id),
  }));
  const failed = byRepeat.filter((repeat) => repeat.failed.length > 0).length;
  return {
    failed,
    of: repeats,
    interval: clopperPearson(failed, repeats),
    by_repeat: byRepeat,
    metrics: known.length,
  };
}

/** Null where a gate is not known for one of the literals. */
function failedRepeats(metric: HeldMetric): Set<number> | null {
  const values = metric.values.filter((value) => value !== null);
  const failed = new Set<number>();
  for (const [index, value] of values.entries()) {
    const others = values.filter((_, other) => other !== index);
    const literal = writeValue(worstOf(others, metric.worst), metric);
    const answer = literal === null ? null : metric.rule.at(literal);
    if (answer?.kind !== 'gate') return null;
    if (failsGate(value, answer.gate, metric.worst)) failed.add(index);
  }
  return failed;
}
