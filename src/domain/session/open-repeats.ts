import type { OpenCell } from '../audit/status-document.ts';
import { failsAlike, markOf, passOfBudget, repeatOfKey } from './schedule.ts';
import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

/** The repeats that were launched without becoming complete, with the budget each has left (spec 05, retry budget note). */
export function openRepeats(plan: SessionPlan, state: SessionState): OpenCell[] {
  const { attempts_per_pass, max_passes } = plan.policies;
  const passesLeft = Math.max(0, max_passes - passOfBudget(state));
  const position = new Map(plan.units.map(({ namespace }, index) => [namespace, index]));
  // From what is open, not from the whole matrix: this is asked at every change of a session.
  const open = Object.entries(state.open).map(([key, entry]) => ({ id: repeatOfKey(key), entry }));
  open.sort(
    (a, b) =>
      a.id.repeat - b.id.repeat || (position.get(a.id.namespace) ?? 0) - (position.get(b.id.namespace) ?? 0),
  );
  return open.map(({ id, entry }) => {
    // Waiting for its turn or running, it still has this pass; otherwise only later ones.
    const thisPass = ['.', 'r'].includes(markOf(state, id)) ? 1 : 0;
    const givenUp = thisPass === 0 && failsAlike(state, id);
    return {
      namespace: id.namespace,
      k: id.repeat,
      reason: entry.reason,
      launches: entry.launches,
      passes_alike: entry.passes_alike,
      launches_left: givenUp ? 0 : (passesLeft + thisPass) * attempts_per_pass,
    };
  });
}
