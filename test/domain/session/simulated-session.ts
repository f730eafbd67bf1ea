import { expect } from 'vitest';

import type { Lane } from '../../../src/domain/lanes/lanes.ts';
import { recordOutcome } from '../../../src/domain/session/matrix.ts';
import {
  initialState,
  type RepeatOutcome,
  type SessionState,
} from '../../../src/domain/session/session-state.ts';
import { type RepeatId, nextWork, setMark } from '../../../src/domain/session/schedule.ts';
import { takeLaneTries } from '../../../src/domain/lanes/session-lanes.ts';
import type { SessionPlan } from '../../../src/domain/session/session-plan.ts';

const at = '2026-04-23T05:00:00Z';

/** Lanes of so many GPUs each. */
export function lanesOfSizes(sizes: readonly number[]): Lane[] {
  let gpu = 0;
  return sizes.map((size, index) => ({
    name: `lane${index}`,
    gpus: Array.from({ length: size }, () => gpu++),
  }));
}

export interface Run extends RepeatId {
  lane: string;
  from: number;
  to: number;
}

/** A session without Temporal, on a clock of its own: what ran where and when, and the state at its end. */
export function simulateSession(plan: SessionPlan, seconds: (id: RepeatId) => number) {
  const state: SessionState = { ...initialState(plan, at), phase: { kind: 'calibrating' }, opened: true };
  const runs: Run[] = [];
  let running: Run[] = [];
  let now = 0;
  for (;;) {
    for (let work = nextWork(plan, state); work.kind === 'launch'; work = nextWork(plan, state)) {
      const lane = work.lanes?.[0]?.name ?? '';
      expect(running.map((run) => run.lane)).not.toContain(lane);
      setMark(state, work.id, 'r');
      state.active.push({ ...work.id, pass: 1, started_at: at, reextract: false, waits_for: null, lane });
      running.push({ ...work.id, lane, from: now, to: now + seconds(work.id) });
    }
    expectBusyLanes(plan, state);
    const next = running.toSorted((a, b) => a.to - b.to)[0];
    if (next === undefined) return { state, runs, seconds: now };
    now = next.to;
    runs.push(next);
    running = running.filter((run) => run !== next);
    state.active = state.active.filter((active) => active.lane !== next.lane);
    const done = { cells: {}, launches: 1, duration_s: next.to - next.from, lane: `host-a/${next.lane}` };
    const outcome: RepeatOutcome = { kind: 'complete', ...done };
    takeLaneTries(plan, state, { id: next, outcome, now: at });
    recordOutcome(state, next, outcome);
  }
}

/** No lane is idle that could take a repeat of the round which goes on. */
function expectBusyLanes(plan: SessionPlan, state: SessionState): void {
  const repeat = state.active[0]?.repeat;
  if (repeat === undefined) return;
  const idle = (plan.lane_table ?? []).filter(({ name }) => !state.active.some(({ lane }) => lane === name));
  const waiting = plan.units.filter(({ namespace }) => state.marks[namespace]?.[repeat - 1] === '.');
  expect(waiting.filter(({ gpus }) => idle.some((lane) => lane.gpus.length >= gpus))).toEqual([]);
}
