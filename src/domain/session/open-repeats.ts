import type { OpenCell } from '../audit/status-document.ts';
import { failsAlike, markOf, passOfBudget, repeatKey } from './schedule.ts';
import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

/** The repeats that were launched without becoming complete, with the budget each has left (spec 05, retry budget note). */
export function openRepeats(plan: SessionPlan, state: SessionState): OpenCell[] {
  const { attempts_per_pass, max_passes } = plan.policies;
  const passesLeft = Math.max(0, max_passes - passOfBudget(state));
  const cells: OpenCell[] = [];
  for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
    for (const { namespace } of plan.units) {
      const id = { namespace, repeat };
      const entry = state.open[repeatKey(id)];
      if (entry === undefined) continue;
      // Waiting for its turn or running, it still has this pass; otherwise only later ones.
      const thisPass = ['.', 'r'].includes(markOf(state, id)) ? 1 : 0;
      const givenUp = thisPass === 0 && failsAlike(state, id);
      cells.push({
        namespace,
        k: repeat,
        reason: entry.reason,
        launches: entry.launches,
        passes_alike: entry.passes_alike,
        launches_left: givenUp ? 0 : (passesLeft + thisPass) * attempts_per_pass,
      });
    }
  }
  return cells;
}
