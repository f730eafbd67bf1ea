import { stripVTControlCharacters } from 'node:util';

import Table from 'cli-table3';

import type { AppliedChange } from '../domain/apply/applied-document.ts';
import type { ApplyPlanDocument, ApplyPlanMetric } from '../domain/apply/apply-plan-document.ts';
import { resolvedSource, signedPercent } from '../report/applied-changes.ts';
import { colours } from './output.ts';

interface Stream {
  isTTY?: boolean;
  columns?: number;
}

/**
 * The plan as a table, one row per threshold: current literal, new one, what that does to the gate (spec 06 §11). Where
 * the terminal is too narrow for it, as a list.
 */
export function renderPlan(plan: ApplyPlanDocument, stream: Stream): string {
  const table = new Table({
    head: ['stage', 'metric', 'current', 'new', 'change'],
    style: { head: [], border: [], compact: true },
  });
  const list: string[] = [];
  for (const stage of plan.stages) {
    for (const metric of stage.metrics) {
      const [current, next] = [metric.current_text ?? '?', metric.write_text ?? '?'];
      const change = paintedChange(metric, stream);
      table.push([stage.stage_key, metric.metric_key, current, next, change]);
      list.push(`${stage.stage_key}.${metric.metric_key}`, `  ${current} → ${next}  ${change}`);
    }
  }
  const drawn = table.toString();
  const width = stripVTControlCharacters(drawn.split('\n')[0] ?? '').length;
  return width > (stream.columns ?? Infinity) ? list.join('\n') : drawn;
}

function paintedChange(metric: ApplyPlanMetric, stream: Stream): string {
  const { green, yellow, dim } = colours(stream);
  const paint = { tightens: green, loosens: yellow, equal: dim, unknown: dim }[metric.direction];
  return paint(describeChange(metric));
}

/** `tightens (+2.6%)`, `equal`, `unknown`; why a literal is unknown is among the plan's warnings. */
export function describeChange(
  metric: Pick<ApplyPlanMetric, 'direction' | 'current_raw' | 'write_value'>,
): string {
  const { direction, current_raw: old, write_value: next } = metric;
  if (direction === 'equal' || direction === 'unknown' || old === null || next === null) return direction;
  return `${direction} (${old === 0 ? 'n/a' : signedPercent(((next - old) / old) * 100)})`;
}

/** Every changed literal once, as `<file>:<symbol> = <new>` (spec 06 §12). */
export function changedLiterals(changes: readonly AppliedChange[]): string[] {
  return [
    ...new Set(changes.map((change) => `${change.file}:${resolvedSource(change)} = ${change.new_text}`)),
  ];
}

/** What is about to be written, each literal once, with its old text and the marks of an operator's own number. */
export function pendingLiterals(changes: readonly AppliedChange[]): string[] {
  const lines = changes.map((change) => {
    const mark = change.stricter_than_observed
      ? '  (stricter than observed)'
      : change.custom
        ? '  (your number)'
        : '';
    return `  ${change.file}:${resolvedSource(change)}  ${change.old_text} → ${change.new_text}${mark}`;
  });
  return [...new Set(lines)];
}
