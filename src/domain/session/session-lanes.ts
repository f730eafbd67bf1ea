import { type Lane, nameOfLane } from '../lanes/lane.ts';
import type { LaneTry } from '../lanes/lane-try.ts';
import type { RepeatOutcome } from './repeat-outcome.ts';
import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

/** Infra failures in a row after which a lane is no longer used. */
export const laneFailuresLimit = 3;

/** What a session knows of its declared lanes; part of the state. */
export interface LaneBook {
  /** Per namespace, by k: the lane that the repeat last ran on. */
  ran: Record<string, Record<string, string>>;
  /** Per lane: the namespaces of its newest infra failures in a row. */
  failing: Record<string, string[]>;
  /** Lanes that are not used until `resume`. */
  quarantined: Record<string, { since: string; reason: string }>;
  /** Per `namespace#k`: the highest attempt whose try has been taken into account. */
  seen: Record<string, number>;
}

interface UnitRepeat {
  namespace: string;
  repeat: number;
}

/** The declared lanes that are not quarantined. */
export function usableLanes(plan: SessionPlan, state: SessionState): Lane[] {
  return (plan.lane_table ?? []).filter(({ name }) => state.lanes?.quarantined[name] === undefined);
}

/** How many repeats may run at a time at this moment. */
export function laneCount(plan: SessionPlan, state: SessionState): number {
  return plan.lane_table === undefined ? plan.lanes : usableLanes(plan, state).length;
}

/** How often each lane ran a repeat of this unit, by the lane's name. */
export function laneUses(state: SessionState, namespace: string): Map<string, number> {
  const uses = new Map<string, number>();
  for (const lane of Object.values(state.lanes?.ran[namespace] ?? {}))
    uses.set(lane, (uses.get(lane) ?? 0) + 1);
  return uses;
}

/** Writes what a repeat's launches say about their lanes into the state; gives the lanes quarantined by it, in words. */
export function takeLaneTries(
  plan: SessionPlan,
  state: SessionState,
  news: { id: UnitRepeat; outcome: RepeatOutcome; now: string },
): string[] {
  const { id, outcome, now } = news;
  if (plan.lane_table === undefined) return [];
  const book = (state.lanes ??= { ran: {}, failing: {}, quarantined: {}, seen: {} });
  if (outcome.lane !== null) (book.ran[id.namespace] ??= {})[String(id.repeat)] = nameOfLane(outcome.lane);
  const key = `${id.namespace}#${id.repeat}`;
  const lines: string[] = [];
  for (const each of outcome.tries ?? []) {
    if (each.n <= (book.seen[key] ?? 0)) continue;
    book.seen[key] = each.n;
    const reason = quarantineReason(plan, book, { ...each, namespace: id.namespace });
    if (reason === null || book.quarantined[each.lane] !== undefined) continue;
    book.quarantined[each.lane] = { since: now, reason };
    lines.push(`lane ${each.lane} is quarantined: ${reason}; \`resume\` brings it back`);
  }
  return lines;
}

/** Counts one try; says why its lane is to be left alone from now on, or null. */
function quarantineReason(
  plan: SessionPlan,
  book: LaneBook,
  { lane, failed, dirty, reason, namespace }: LaneTry & { namespace: string },
): string | null {
  if (!failed) delete book.failing[lane];
  else book.failing[lane] = [...(book.failing[lane] ?? []), namespace].slice(-laneFailuresLimit);
  if (dirty) return reason;
  const row = book.failing[lane] ?? [];
  if (row.length < laneFailuresLimit || isUnitsOwnFault(plan, book, lane)) return null;
  return `${laneFailuresLimit} infra failures in a row, the last one ${namespace}: ${reason}`;
}

/** A unit that fails on every lane it meets, or has met only this one, says nothing about the lane. */
function isUnitsOwnFault(plan: SessionPlan, book: LaneBook, lane: string): boolean {
  const [first, ...others] = new Set(book.failing[lane] ?? []);
  if (first === undefined || others.length > 0) return false;
  const elsewhere = Object.entries(book.failing).some(([name, row]) => name !== lane && row.includes(first));
  const succeededElsewhere = Object.values(book.ran[first] ?? {}).some((name) => name !== lane);
  return elsewhere || !succeededElsewhere || plan.lane_table?.length === 1;
}

/** Takes all lanes into use again (after `resume`); gives their names. Changes `state`. */
export function endQuarantine(state: SessionState): string[] {
  const names = Object.keys(state.lanes?.quarantined ?? {}).sort();
  if (state.lanes !== undefined) {
    state.lanes.quarantined = {};
    state.lanes.failing = {};
  }
  return names;
}

/** `lane1 (GPU memory not released after run)`, for every quarantined lane. */
export function quarantineText(state: SessionState): string {
  const entries = Object.entries(state.lanes?.quarantined ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, { reason }]) => `${name} (${reason})`).join('; ');
}

/** A purged repeat counts for no lane. Changes `state`. */
export function forgetLane(state: SessionState, { namespace, repeat }: UnitRepeat): void {
  delete state.lanes?.ran[namespace]?.[String(repeat)];
}
