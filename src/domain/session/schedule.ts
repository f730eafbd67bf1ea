import type { OpenCell } from '../audit/status-document.ts';
import type { Lane } from '../lanes/lanes.ts';
import { hasNamedLanes, laneCount, pickLane, quarantineText } from '../lanes/session-lanes.ts';
import type { SessionPlan } from './session-plan.ts';
import type { RepeatMark, SessionState } from './session-state.ts';

/** How long a unit's repeat takes, in pytest seconds: what this session saw, else earlier ones; null when never seen. */
export function unitDuration(
  plan: Pick<SessionPlan, 'known_durations'>,
  state: SessionState,
  namespace: string,
): number | null {
  return meanSeconds(state, namespace) ?? plan.known_durations?.[namespace] ?? null;
}

/**
 * A round's units in the order in which they are begun. With several lanes the longest known duration comes first (list
 * scheduling), what is not known before it: it may be the longest. With one lane and no pool, and in plans that are
 * older than this rule, the plan's order.
 */
export function launchOrder(plan: SessionPlan, state: SessionState): SessionPlan['units'] {
  const single = plan.lanes === 1 && plan.pool === undefined;
  if (single || plan.known_durations === undefined) return plan.units;
  const seconds = new Map(
    plan.units.map(({ namespace }) => [
      namespace,
      unitDuration(plan, state, namespace) ?? Number.POSITIVE_INFINITY,
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

/** Passes in a row that may fail with the same reason before a cell is no longer tried. */
export const alikePassesLimit = 3;

export interface RepeatId {
  namespace: string;
  repeat: number;
}

export function repeatKey(id: RepeatId): string {
  return `${id.namespace}#${id.repeat}`;
}

/** The (unit, repeat) of a key that `repeatKey` made. */
export function repeatOfKey(key: string): RepeatId {
  const cut = key.lastIndexOf('#');
  return { namespace: key.slice(0, cut), repeat: Number(key.slice(cut + 1)) };
}

/** The mark of one (unit, repeat). */
export function markOf(state: SessionState, id: RepeatId): RepeatMark {
  return (state.marks[id.namespace]?.[id.repeat - 1] ?? '.') as RepeatMark;
}

export function setMark(state: SessionState, id: RepeatId, mark: RepeatMark): void {
  const marks = state.marks[id.namespace] ?? '';
  state.marks[id.namespace] = marks.slice(0, id.repeat - 1) + mark + marks.slice(id.repeat);
}

/**
 * The next repeat to launch, or why there is none. Repeat-major: all units see repeat k before any sees
 * k + 1, and rounds overlap only within the same k. A purged earlier repeat is taken up before later rounds go on.
 */
export type NextWork =
  | {
      kind: 'launch';
      id: RepeatId;
      /** Declared lanes that it may run on, the one meant for it first; absent where none are declared. */
      lanes?: Lane[];
    }
  /** Nothing to launch until a running repeat ends. */
  | { kind: 'wait' }
  | { kind: 'complete' }
  /** The lanes that could take what is left of this round are all quarantined. */
  | { kind: 'no-lane'; stuck: RepeatId[] }
  /** Only open cells are left and their passes (or alike reasons) are used up. */
  | { kind: 'blocked'; missing: RepeatId[] };

export function nextWork(plan: SessionPlan, state: SessionState): NextWork {
  const work = workInHand(plan, state);
  if (work !== null) return work;
  const open = undoneRepeats(plan, state);
  if (open.length === 0) return { kind: 'complete' };
  if (!beginNextPass(plan, state, open)) return { kind: 'blocked', missing: open };
  return nextWork(plan, state);
}

/** What a round has to do; null when it is over. */
function workOfRound(
  plan: SessionPlan,
  state: SessionState,
  { units, repeat }: { units: SessionPlan['units']; repeat: number },
): NextWork | null {
  const marked = (wanted: RepeatMark) =>
    units.filter(({ namespace }) => state.marks[namespace]?.[repeat - 1] === wanted);
  const waiting = marked('.');
  const [first] = waiting;
  if (first !== undefined && !hasNamedLanes(plan)) {
    return { kind: 'launch', id: { namespace: first.namespace, repeat } };
  }
  if (first !== undefined) {
    const picked = pickLane(plan, state, { repeat, waiting });
    if (picked.kind === 'launch') {
      return { kind: 'launch', id: { namespace: picked.unit.namespace, repeat }, lanes: picked.lanes };
    }
    const stuck = picked.stuck.map(({ namespace }) => ({ namespace, repeat }));
    const idle = stuck.length === waiting.length && state.active.length === 0;
    // Another host of the pool may come; a lane that was quarantined comes back by `resume` alone.
    const mayCome = plan.pool !== undefined && quarantineText(state) === '';
    if (idle && !mayCome) return { kind: 'no-lane', stuck };
    return { kind: 'wait' };
  }
  return marked('r').length > 0 ? { kind: 'wait' } : null;
}

/** What this pass has to do next; null when it is over. Changes nothing. */
export function workInHand(plan: SessionPlan, state: SessionState): NextWork | null {
  const units = launchOrder(plan, state);
  // From the first round with work: looking through the finished ones at every launch made long sessions quadratic.
  for (let repeat = firstRoundWithWork(plan, state); repeat <= plan.repeats; repeat += 1) {
    const work = workOfRound(plan, state, { units, repeat });
    if (work !== null) return work;
  }
  return null;
}

/** The lowest repeat that some unit has still to run in this pass, or is running; one past the last without any. */
function firstRoundWithWork(plan: SessionPlan, state: SessionState): number {
  let first = plan.repeats;
  for (const { namespace } of plan.units) {
    const marks = state.marks[namespace] ?? '';
    for (const wanted of ['.', 'r']) {
      const index = marks.indexOf(wanted);
      if (index !== -1 && index < first) first = index;
    }
  }
  return first + 1;
}

function undoneRepeats(plan: SessionPlan, state: SessionState): RepeatId[] {
  const open: RepeatId[] = [];
  for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
    for (const { namespace } of plan.units) {
      if (markOf(state, { namespace, repeat }) !== 'd') open.push({ namespace, repeat });
    }
  }
  return open;
}

/** Puts open cells back to pending for another pass; false when the budget says no. */
function beginNextPass(plan: SessionPlan, state: SessionState, open: RepeatId[]): boolean {
  if (passOfBudget(state) >= plan.policies.max_passes) return false;
  const curable = open.filter((id) => !failsAlike(state, id));
  if (curable.length === 0) return false;
  state.pass += 1;
  for (const id of curable) setMark(state, id, '.');
  return true;
}

/** True when pass after pass failed for the same reason: another one would, too. */
export function failsAlike(state: SessionState, id: RepeatId): boolean {
  return (state.open[repeatKey(id)]?.passes_alike ?? 0) >= alikePassesLimit;
}

/**
 * Gives every open or halted cell a fresh budget (after `resume`), in a pass of its own: the attempts of earlier passes
 * stay on disk and must not count against it.
 */
export function reopenAll(plan: SessionPlan, state: SessionState): void {
  for (const { namespace } of plan.units) {
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
      const mark = markOf(state, { namespace, repeat });
      const key = repeatKey({ namespace, repeat });
      if (mark === 'h' && !state.reextract.includes(key)) state.reextract.push(key);
      if (mark === 'o' || mark === 'h') setMark(state, { namespace, repeat }, '.');
    }
  }
  state.open = {};
  beginBudget(state, state.pass);
}

/** Begins a budget with a pass that no attempt bears yet; `lastPass` is the highest that one does. */
export function beginBudget(state: SessionState, lastPass: number): void {
  state.pass = lastPass + 1;
  state.budget_from_pass = state.pass;
}

/** Which of the plan's `max_passes` is going on, from 1. */
export function passOfBudget(state: SessionState): number {
  return state.pass - state.budget_from_pass + 1;
}

/** The repeats that were launched without becoming complete, with the budget each has left. */
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
