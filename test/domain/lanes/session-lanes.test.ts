import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { LaneTry } from '../../../src/domain/lanes/lanes.ts';
import { takeCommand } from '../../../src/domain/session/commands.ts';
import { etaSeconds, nextWork, setMark } from '../../../src/domain/session/schedule.ts';
import {
  initialState,
  type RepeatOutcome,
  type SessionState,
} from '../../../src/domain/session/session-state.ts';
import { sessionDetails, sessionStatus } from '../../../src/domain/session/session-view.ts';
import {
  endQuarantine,
  forgetLane,
  quarantineText,
  takeLaneTries,
  usableLanes,
} from '../../../src/domain/lanes/session-lanes.ts';
import type { SessionPlan } from '../../../src/domain/session/session-plan.ts';
import { listMakespan } from '../session/list-makespan.ts';
import { type SampleOptions, type SampleUnit, sampleSessionPlan } from '../session/sample-session-plan.ts';
import { lanesOfSizes, simulateSession } from '../session/simulated-session.ts';
import { propertyRuns } from '../../fixtures/property-runs.ts';

const at = '2026-04-23T05:00:00Z';

function calibrating(plan: SessionPlan): SessionState {
  return { ...initialState(plan, at), phase: { kind: 'calibrating' }, opened: true };
}

function unitsOf(gpus: readonly number[]): SampleUnit[] {
  return gpus.map((count, index) => ({
    namespace: `test_u${index}_ci`,
    stages: [`u${index}_wer`],
    gpus: count,
  }));
}

function launched(plan: SessionPlan, state: SessionState): { namespace: string; lane: string | undefined }[] {
  const found = [];
  for (let work = nextWork(plan, state); work.kind === 'launch'; work = nextWork(plan, state)) {
    const lane = work.lanes?.[0]?.name;
    found.push({ namespace: work.id.namespace, lane });
    setMark(state, work.id, 'r');
    const active = { ...work.id, pass: 1, started_at: at, reextract: false, waits_for: null };
    state.active.push(lane === undefined ? active : { ...active, lane });
  }
  return found;
}

describe('the order of a round', () => {
  const units = unitsOf([1, 1, 1]);
  const known = { test_u0_ci: 10, test_u1_ci: 30, test_u2_ci: 20 };
  const order = (more: SampleOptions, seen: SessionState['durations'] = {}) => {
    const plan = sampleSessionPlan({ units, ...more });
    const state = { ...calibrating(plan), durations: seen };
    return launched(plan, state).map(({ namespace }) => namespace);
  };
  const laneTable = lanesOfSizes([1, 1, 1]);

  test('is the longest known duration first, on several lanes', () => {
    expect(order({ laneTable, knownDurations: known })).toEqual(['test_u1_ci', 'test_u2_ci', 'test_u0_ci']);
  });

  test('goes by what this session has seen rather than by earlier ones', () => {
    const seen = { test_u0_ci: { sum_s: 80, count: 2 } };
    expect(order({ laneTable, knownDurations: known }, seen)[0]).toBe('test_u0_ci');
  });

  test('is the plan’s while nothing is known, and begins with what is not known', () => {
    expect(order({ laneTable, knownDurations: {} })).toEqual(['test_u0_ci', 'test_u1_ci', 'test_u2_ci']);
    expect(order({ laneTable, knownDurations: { test_u0_ci: 10, test_u2_ci: 20 } })).toEqual([
      'test_u1_ci',
      'test_u2_ci',
      'test_u0_ci',
    ]);
  });

  test('is the plan’s on one lane, and in plans that are older than lanes', () => {
    const planOrder = ['test_u0_ci', 'test_u1_ci', 'test_u2_ci'];
    expect(order({ laneTable: lanesOfSizes([1]), knownDurations: known })).toEqual(planOrder.slice(0, 1));
    expect(order({ lanes: 3 })).toEqual(planOrder);
  });
});

describe('the lane of a repeat', () => {
  test('has as many GPUs as the unit needs, and is the smallest of those', () => {
    const plan = sampleSessionPlan({
      units: unitsOf([2, 1, 0]),
      laneTable: lanesOfSizes([1, 4, 2]),
      knownDurations: {},
    });
    expect(launched(plan, calibrating(plan)).map(({ lane }) => lane)).toEqual(['lane2', 'lane0', 'lane1']);
  });

  test('is one that the unit has used less than others', () => {
    const plan = sampleSessionPlan({ units: unitsOf([1]), laneTable: lanesOfSizes([1, 1]), repeats: 4 });
    const { runs } = simulateSession(plan, () => 10);
    expect(runs.map(({ lane }) => lane)).toEqual(['lane0', 'lane1', 'lane0', 'lane1']);
  });

  test('is not counted for a repeat that was purged', () => {
    const plan = sampleSessionPlan({ units: unitsOf([1]), laneTable: lanesOfSizes([1, 1]), repeats: 3 });
    const { state } = simulateSession(plan, () => 10);
    forgetLane(state, { namespace: 'test_u0_ci', repeat: 2 });
    setMark(state, { namespace: 'test_u0_ci', repeat: 2 }, '.');
    expect(launched(plan, state)).toEqual([{ namespace: 'test_u0_ci', lane: 'lane1' }]);
  });
});

const sessions = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 8 }),
  needs: fc.array(fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 100 })), { minLength: 1, maxLength: 20 }),
  repeats: fc.integer({ min: 1, max: 5 }),
});

describe('whatever the lanes and the durations', () => {
  test('no lane has two repeats, none is idle while the round has work for it, and rounds never overlap', () => {
    fc.assert(
      fc.property(sessions, ({ sizes, needs, repeats }) => {
        const largest = Math.max(...sizes);
        const units = unitsOf(needs.map(([gpus]) => Math.min(gpus, largest)));
        const plan = sampleSessionPlan({
          units,
          repeats,
          laneTable: lanesOfSizes(sizes),
          knownDurations: {},
        });
        const seconds = Object.fromEntries(
          units.map(({ namespace }, index) => [namespace, needs[index]?.[1] ?? 1]),
        );
        const { runs, state } = simulateSession(plan, ({ namespace }) => seconds[namespace] ?? 1);
        expect(runs.length).toBe(units.length * repeats);
        for (const run of runs) {
          const earlier = runs.filter(({ repeat }) => repeat < run.repeat);
          expect(Math.max(0, ...earlier.map(({ to }) => to))).toBeLessThanOrEqual(run.from);
        }
        expect(nextWork(plan, state)).toEqual({ kind: 'complete' });
      }),
      { numRuns: propertyRuns(150) },
    );
  });

  test('a round takes at most 5 % longer than list scheduling, durations that scatter by 2 % included', () => {
    const seconds = fc.array(fc.integer({ min: 60, max: 3600 }), { minLength: 1, maxLength: 24 });
    fc.assert(
      fc.property(
        seconds,
        fc.constantFrom(2, 4, 8),
        fc.infiniteStream(fc.nat(20)),
        (durations, lanes, noise) => {
          const units = unitsOf(durations.map(() => 1));
          const knownDurations = Object.fromEntries(
            units.map(({ namespace }, i) => [namespace, durations[i] ?? 1]),
          );
          const laneTable = lanesOfSizes(Array.from({ length: lanes }, () => 1));
          const plan = sampleSessionPlan({ units, repeats: 3, laneTable, knownDurations });
          const took = (namespace: string) =>
            (knownDurations[namespace] ?? 1) * (0.99 + Number(noise.next().value ?? 0) / 1000);
          const { runs } = simulateSession(plan, ({ namespace }) => took(namespace));
          for (const repeat of [1, 2, 3]) {
            const round = runs.filter((run) => run.repeat === repeat);
            const span = Math.max(...round.map(({ to }) => to)) - Math.min(...round.map(({ from }) => from));
            const best = listMakespan(
              round.map(({ from, to }) => to - from),
              lanes,
            );
            expect(span / best).toBeLessThanOrEqual(1.05);
          }
        },
      ),
      { numRuns: propertyRuns(200) },
    );
  });

  test('as many units as lanes at most: each has every lane once before any twice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 8 }),
        fc.array(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 8 }),
        (lanes, durations) => {
          const units = unitsOf(durations.map(() => 1)).slice(0, lanes);
          const laneTable = lanesOfSizes(Array.from({ length: lanes }, () => 1));
          const plan = sampleSessionPlan({ units, repeats: lanes, laneTable, knownDurations: {} });
          const { runs } = simulateSession(
            plan,
            ({ namespace }) => durations[Number(/\d+/.exec(namespace)?.[0])] ?? 1,
          );
          for (const { namespace } of units) {
            const used = laneTable.map(
              ({ name }) => runs.filter((run) => run.namespace === namespace && run.lane === name).length,
            );
            expect(used).toEqual(laneTable.map(() => 1));
          }
        },
      ),
      { numRuns: propertyRuns(200) },
    );
  });
});

describe('a lane that does not work', () => {
  const plan = sampleSessionPlan({
    units: unitsOf([1, 1]),
    repeats: 3,
    laneTable: lanesOfSizes([1, 1]),
    knownDurations: {},
  });
  let n = 0;
  const tryOf = (changed: Partial<LaneTry>): LaneTry => ({
    n: (n += 1),
    lane: 'lane0',
    failed: true,
    dirty: false,
    reason: 'exit 139 (segfault)',
    ...changed,
  });
  const take = (state: SessionState, namespace: string, tries: LaneTry[], lane: string | null = null) => {
    const outcome: RepeatOutcome = {
      kind: 'exhausted',
      reason: 'x',
      cells: {},
      launches: tries.length,
      duration_s: 1,
      lane,
      tries,
    };
    return takeLaneTries(plan, state, { id: { namespace, repeat: 1 }, outcome, now: at });
  };

  test('is quarantined at once when its GPUs stay dirty, and named', () => {
    const state = calibrating(plan);
    expect(
      take(state, 'test_u0_ci', [tryOf({ dirty: true, reason: 'GPU memory not released after run' })]),
    ).toEqual(['lane lane0 is quarantined: GPU memory not released after run; `resume` brings it back']);
    expect(usableLanes(plan, state).map(({ name }) => name)).toEqual(['lane1']);
    expect(sessionDetails(plan, state)).toContain(
      `- quarantined: lane lane0 since ${at}: GPU memory not released after run`,
    );
    expect(sessionStatus(plan, state, new Date(at)).lanes).toEqual([
      { name: 'lane0', gpus: [0], state: 'quarantined', reason: 'GPU memory not released after run' },
      { name: 'lane1', gpus: [1], state: 'free', reason: null },
    ]);
  });

  test('is quarantined after three infra failures in a row of more than one unit', () => {
    const state = calibrating(plan);
    take(state, 'test_u0_ci', [tryOf({}), tryOf({})]);
    expect(quarantineText(state)).toBe('');
    take(state, 'test_u1_ci', [tryOf({})]);
    expect(quarantineText(state)).toBe(
      'lane0 (3 infra failures in a row, the last one test_u1_ci: exit 139 (segfault))',
    );
  });

  test('stays in use when a good end comes between, and counts no try twice', () => {
    const state = calibrating(plan);
    const first = tryOf({});
    take(state, 'test_u0_ci', [first]);
    take(state, 'test_u0_ci', [first, tryOf({ failed: false })]);
    take(state, 'test_u1_ci', [tryOf({}), tryOf({})]);
    expect(quarantineText(state)).toBe('');
  });

  test('is not blamed for a unit that fails on every lane', () => {
    const state = calibrating(plan);
    const both = [tryOf({}), tryOf({ lane: 'lane1' }), tryOf({}), tryOf({ lane: 'lane1' })];
    take(state, 'test_u0_ci', [...both, tryOf({}), tryOf({ lane: 'lane1' })]);
    expect(quarantineText(state)).toBe('');
  });

  test('is blamed for a unit that runs well elsewhere', () => {
    const state = calibrating(plan);
    take(
      state,
      'test_u0_ci',
      [tryOf({}), tryOf({}), tryOf({}), tryOf({ lane: 'lane1', failed: false })],
      'host-a/lane1',
    );
    expect(quarantineText(state)).toContain('lane0 (3 infra failures');
  });

  test('leaves the work to the others, and stops the session when it was the last', () => {
    const state = calibrating(plan);
    take(state, 'test_u0_ci', [tryOf({ dirty: true })]);
    expect(launched(plan, state)).toEqual([{ namespace: 'test_u0_ci', lane: 'lane1' }]);
    take(state, 'test_u1_ci', [tryOf({ dirty: true, lane: 'lane1' })]);
    expect(nextWork(plan, state)).toEqual({ kind: 'wait' });
    state.active = [];
    setMark(state, { namespace: 'test_u0_ci', repeat: 1 }, 'd');
    expect(nextWork(plan, state)).toEqual({
      kind: 'no-lane',
      stuck: [{ namespace: 'test_u1_ci', repeat: 1 }],
    });
  });

  test('counts for no time that is left', () => {
    const state = calibrating(plan);
    state.durations = { test_u0_ci: { sum_s: 10, count: 1 }, test_u1_ci: { sum_s: 10, count: 1 } };
    expect(etaSeconds(plan, state)).toBe(30);
    take(state, 'test_u0_ci', [tryOf({ dirty: true })]);
    expect(etaSeconds(plan, state)).toBe(60);
  });

  test('comes back by `resume`, also while the others work', () => {
    const state = calibrating(plan);
    take(state, 'test_u0_ci', [tryOf({ dirty: true })]);
    expect(takeCommand(plan, state, { kind: 'resume', id: 'c1' })).toEqual({
      accepted: true,
      message: 'resumed: the quarantined lanes are used again',
    });
    expect(usableLanes(plan, state)).toHaveLength(2);
    expect(endQuarantine(state)).toEqual([]);
    expect(takeCommand(plan, state, { kind: 'resume', id: 'c2' })).toMatchObject({ accepted: false });
  });
});
