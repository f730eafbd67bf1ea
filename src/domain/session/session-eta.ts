import { meanSeconds } from './known-seconds.ts';
import { laneCount } from './session-lanes.ts';
import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

/**
 * Seconds until the matrix is complete if every repeat takes its unit's mean, spread over the lanes. Null while a unit
 * with work left has never ended a repeat: a guess would be worse than none.
 */
export function etaSeconds(plan: SessionPlan, state: SessionState): number | null {
  let workSeconds = 0;
  for (const { namespace } of plan.units) {
    const left = [...(state.marks[namespace] ?? '')].filter((mark) => mark !== 'd').length;
    if (left === 0) continue;
    const mean = meanSeconds(state, namespace);
    if (mean === null) return null;
    workSeconds += left * mean;
  }
  return Math.round(workSeconds / Math.max(1, laneCount(plan, state)));
}
