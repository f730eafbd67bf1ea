import { cheapestAssignment, fitsLane, type Lane, type LaneTry, nameOfLane, recordedLane } from './lanes.ts';
import { hostOfLane, poolLanes } from '../pool/pool.ts';
import type { LaneBook } from './lane-book.ts';
import type { SessionPlan } from '../session/session-plan.ts';
import type { RepeatOutcome, SessionState } from '../session/session-state.ts';

/** Infra failures in a row after which a lane is no longer used. */
export const laneFailuresLimit = 3;

interface UnitRepeat {
  namespace: string;
  repeat: number;
}

/** True when repeats are given to named lanes: those that the host declares, or those of a pool's hosts. */
export function hasNamedLanes(plan: Pick<SessionPlan, 'lane_table' | 'pool'>): boolean {
  return plan.lane_table !== undefined || plan.pool !== undefined;
}

/** All named lanes that the session has at this moment. */
export function sessionLanes(plan: SessionPlan, state: SessionState): Lane[] {
  if (plan.pool === undefined) return plan.lane_table ?? [];
  return state.pool === undefined ? [] : poolLanes(state.pool);
}

/** The named lanes that are not quarantined. */
export function usableLanes(plan: SessionPlan, state: SessionState): Lane[] {
  return sessionLanes(plan, state).filter(({ name }) => state.lanes?.quarantined[name] === undefined);
}

/** How many repeats may run at a time at this moment. */
export function laneCount(plan: SessionPlan, state: SessionState): number {
  return !hasNamedLanes(plan) ? plan.lanes : usableLanes(plan, state).length;
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
  news: { id: UnitRepeat & { lane?: string }; outcome: RepeatOutcome; now: string },
): string[] {
  const { id, outcome, now } = news;
  if (!hasNamedLanes(plan)) return [];
  const names = new Set(sessionLanes(plan, state).map(({ name }) => name));
  const keyOf = (lane: string) => (plan.pool === undefined ? lane : poolKey(names, id.lane ?? '', lane));
  const book = (state.lanes ??= { ran: {}, failing: {}, quarantined: {}, seen: {} });
  if (outcome.lane !== null)
    (book.ran[id.namespace] ??= {})[String(id.repeat)] = keyOf(nameOfLane(outcome.lane));
  const key = `${id.namespace}#${id.repeat}`;
  const lines: string[] = [];
  for (const each of outcome.tries ?? []) {
    if (each.n <= (book.seen[key] ?? 0)) continue;
    book.seen[key] = each.n;
    const lane = keyOf(each.lane);
    const only = names.size === 1;
    const reason = quarantineReason(book, { ...each, lane, namespace: id.namespace, only });
    if (reason === null || book.quarantined[lane] !== undefined) continue;
    book.quarantined[lane] = { since: now, reason };
    lines.push(`lane ${lane} is quarantined: ${reason}; \`resume\` brings it back`);
  }
  return lines;
}

/** The pool's name of a lane that a host tells of; any free GPUs are the slot that the repeat was given to. */
function poolKey(names: ReadonlySet<string>, given: string, lane: string): string {
  const declared = recordedLane(hostOfLane(given), lane);
  return names.has(declared) ? declared : given;
}

/** Counts one try; says why its lane is to be left alone from now on, or null. */
function quarantineReason(
  book: LaneBook,
  { lane, failed, dirty, reason, namespace, only }: LaneTry & { namespace: string; only: boolean },
): string | null {
  if (!failed) delete book.failing[lane];
  else book.failing[lane] = [...(book.failing[lane] ?? []), namespace].slice(-laneFailuresLimit);
  if (dirty) return reason;
  const row = book.failing[lane] ?? [];
  if (row.length < laneFailuresLimit || isUnitsOwnFault(book, lane, only)) return null;
  return `${laneFailuresLimit} infra failures in a row, the last one ${namespace}: ${reason}`;
}

/** A unit that fails on every lane it meets, or has met only this one, says nothing about the lane. */
function isUnitsOwnFault(book: LaneBook, lane: string, only: boolean): boolean {
  const [first, ...others] = new Set(book.failing[lane] ?? []);
  if (first === undefined || others.length > 0) return false;
  const elsewhere = Object.entries(book.failing).some(([name, row]) => name !== lane && row.includes(first));
  const succeededElsewhere = Object.values(book.ran[first] ?? {}).some((name) => name !== lane);
  return elsewhere || !succeededElsewhere || only;
}

/** Takes all lanes back in service (after `resume`); gives their names. Changes `state`. */
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

type Unit = SessionPlan['units'][number];

export type PickedLane =
  /** The unit to begin, and the lanes that it may run on: the one meant for it first. */
  | { kind: 'launch'; unit: Unit; lanes: Lane[] }
  /** No lane is free for any of them. `stuck`: units that no lane in use is large enough for. */
  | { kind: 'none'; stuck: Unit[] };

/**
 * Which of a round's waiting units begins now, and where. As many of them as there are free lanes are looked at
 * together, in the order given: each is to get a lane that it has used less than others, so that its repeats are
 * spread evenly, and a small lane rather than one that others need. One whose artifacts are to be read again goes to
 * the host that has them if it can, and after the others while that host is not there.
 */
export function pickLane(
  plan: SessionPlan,
  state: SessionState,
  { repeat, waiting }: { repeat: number; waiting: readonly Unit[] },
): PickedLane {
  const usable = usableLanes(plan, state);
  const taken = new Set(state.active.map(({ lane }) => lane));
  const free = usable.filter(({ name }) => !taken.has(name));
  const fits = (unit: Unit, lane: Lane): boolean => fitsLane(lane, unit.gpus);
  const isAway = awayOf(state, repeat);
  const startable = waiting
    .filter((unit) => free.some((lane) => fits(unit, lane)))
    .toSorted((a, b) => Number(free.every(isAway(a))) - Number(free.every(isAway(b))))
    .slice(0, free.length);
  const wear = laneWear(plan, state, free);
  const costs = startable.map((unit) => {
    const uses = laneUses(state, unit.namespace);
    return free.map((lane, column) =>
      fits(unit, lane)
        ? useCost(uses.get(lane.name) ?? 0, lane, unit) +
          (wear[column] ?? 0) +
          (isAway(unit)(lane) ? awayCost : 0)
        : unfitCost,
    );
  });
  const columns = cheapestAssignment(costs);
  for (const [row, unit] of startable.entries()) {
    const own = free[columns[row] ?? -1];
    if (own === undefined || !fits(unit, own)) continue;
    return { kind: 'launch', unit, lanes: fittingLanes(plan, state, { unit, first: own.name }) };
  }
  return { kind: 'none', stuck: waiting.filter((unit) => !usable.some((lane) => fits(unit, lane))) };
}

/** Above every sum of the others: as many units as can be are begun. */
const unfitCost = 1e9;

/** Above every difference in use: to read artifacts again costs no GPU time where they are. */
const awayCost = 1e6;

/** Whether a lane is on another host of the pool than the artifacts that the unit's repeat is to be read from again. */
function awayOf(state: SessionState, repeat: number): (unit: Unit) => (lane: Lane) => boolean {
  return ({ namespace }) => {
    const ran = state.lanes?.ran[namespace]?.[String(repeat)];
    const isBound =
      state.pool !== undefined && ran !== undefined && state.reextract.includes(`${namespace}#${repeat}`);
    return ({ name }) => isBound && hostOfLane(name) !== hostOfLane(ran);
  };
}

/** Squares of the uses are added up, so that an even spread is the cheapest; less than one use says how well it fits. */
function useCost(uses: number, lane: Lane, unit: Unit): number {
  return 2 * uses + ((lane.any_gpus ?? lane.gpus.length) - unit.gpus) / 1000;
}

/** Between lanes that suit alike, the one with fewer runs in all: one that stays behind would have to catch up. */
function laneWear(plan: SessionPlan, state: SessionState, lanes: readonly Lane[]): number[] {
  const runs = new Map<string, number>();
  for (const { namespace } of plan.units) {
    for (const [name, uses] of laneUses(state, namespace)) runs.set(name, (runs.get(name) ?? 0) + uses);
  }
  const most = Math.max(0, ...runs.values());
  return lanes.map(({ name }) => (runs.get(name) ?? 0) / (most + 1) / (lanes.length + 1) / 1000);
}

/**
 * The lanes that a unit may run on at this moment: `first` if it is in use, then the free and the least used ones; in a
 * pool, of the same host.
 */
export function fittingLanes(
  plan: SessionPlan,
  state: SessionState,
  { unit, first }: { unit: Unit; first: string | undefined },
): Lane[] {
  const taken = new Set(state.active.map(({ lane }) => lane));
  const uses = laneUses(state, unit.namespace);
  const rank = ({ name }: Lane): number =>
    name === first ? -1 : (uses.get(name) ?? 0) + (taken.has(name) ? plan.repeats + 1 : 0);
  return usableLanes(plan, state)
    .filter((lane) => fitsLane(lane, unit.gpus))
    .filter(({ name }) => plan.pool === undefined || hostOfLane(name) === hostOfLane(first ?? ''))
    .toSorted((a, b) => rank(a) - rank(b));
}
