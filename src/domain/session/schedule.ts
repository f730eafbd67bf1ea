import type { Lane } from '../lanes/lane.ts';
import { launchOrder } from './known-seconds.ts';
import { pickLane } from './pick-lane.ts';
import { hasNamedLanes, quarantineText } from './session-lanes.ts';
import type { SessionPlan } from './session-plan.ts';
import type { RepeatMark, SessionState } from './session-state.ts';

/** Passes in a row that may fail with the same reason before a cell is no longer tried (spec 05, retry budget note). */
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
 * The next repeat to launch, or why there is none. Repeat-major (spec 03 §6): all units see repeat k before any sees
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
  for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
    const work = workOfRound(plan, state, { units, repeat });
    if (work !== null) return work;
  }
  return null;
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
