import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

/** How long a unit's repeat takes, in pytest seconds: what this session saw, else earlier ones; null when never seen. */
export function knownSeconds(
  plan: Pick<SessionPlan, 'known_durations'>,
  state: SessionState,
  namespace: string,
): number | null {
  return meanSeconds(state, namespace) ?? plan.known_durations?.[namespace] ?? null;
}

/**
 * A round's units in the order in which they are begun. With several lanes the longest known duration comes first (list
 * scheduling), what is not known before it: it may be the longest. With one lane and no pool, and in plans that are older than
 * this rule, the plan's order.
 */
export function launchOrder(plan: SessionPlan, state: SessionState): SessionPlan['units'] {
  const single = plan.lanes === 1 && plan.pool === undefined;
  if (single || plan.known_durations === undefined) return plan.units;
  const seconds = new Map(
    plan.units.map(({ namespace }) => [
      namespace,
      knownSeconds(plan, state, namespace) ?? Number.POSITIVE_INFINITY,
    ]),
  );
  const of = (namespace: string): number => seconds.get(namespace) ?? 0;
  return plan.units.toSorted((a, b) =>
    of(a.namespace) === of(b.namespace) ? 0 : of(b.namespace) - of(a.namespace),
  );
}

/** Mean pytest seconds of a unit's complete repeats; null before the first. */
export function meanSeconds(state: SessionState, namespace: string): number | null {
  const known = state.durations[namespace];
  return known === undefined || known.count === 0 ? null : known.sum_s / known.count;
}
