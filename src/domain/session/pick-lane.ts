import { cheapestAssignment } from '../lanes/cheapest-assignment.ts';
import { type Lane, fitsLane } from '../lanes/lane.ts';
import { hostOfLane } from '../pool/pool-book.ts';
import { laneUses, usableLanes } from './session-lanes.ts';
import type { SessionPlan } from './session-plan.ts';
import type { SessionState } from './session-state.ts';

type Unit = SessionPlan['units'][number];

export type PickedLane =
  /** The unit to begin, and the lanes that it may run on: the one meant for it first. */
  | { kind: 'launch'; unit: Unit; lanes: Lane[] }
  /** No lane is free for any of them. `stuck`: units that no lane in use is large enough for. */
  | { kind: 'none'; stuck: Unit[] };

/**
 * Which of a round's waiting units begins now, and where. As many of them as there are free lanes are looked at together,
 * in the order given: each is to get a lane that it has used less than others, so that its repeats are spread evenly,
 * and a small lane rather than one that others need. One whose artifacts are to be read again goes to the host that has
 * them if it can, and after the others while that host is not there.
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
