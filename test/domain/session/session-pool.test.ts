import { describe, expect, test } from 'vitest';

import { environmentFacts } from '../../../src/domain/fingerprint/environment.ts';
import { type PoolHost, newPoolState } from '../../../src/domain/pool/pool.ts';
import { takeCommand } from '../../../src/domain/session/commands.ts';
import {
  fittingLanes,
  laneCount,
  takeLaneTries,
  usableLanes,
} from '../../../src/domain/lanes/session-lanes.ts';
import { nextWork, setMark } from '../../../src/domain/session/schedule.ts';
import type { SessionPlan } from '../../../src/domain/session/session-plan.ts';
import { type SessionState, initialState } from '../../../src/domain/session/session-state.ts';
import { sessionStatus } from '../../../src/domain/session/session-view.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const at = '2026-04-23T05:00:00Z';
const units = [1, 2, 4].map((gpus) => ({ namespace: `test_u${gpus}_ci`, stages: [`u${gpus}_wer`], gpus }));

function host(more: Partial<Extract<PoolHost, { state: 'joined' }>>): PoolHost {
  return { state: 'joined', since: at, run_dir: '/srv/there', lanes: [], slots: 1, gpus: 8, ...more };
}

function pooled(hosts: Record<string, PoolHost>): { plan: SessionPlan; state: SessionState } {
  const plan = { ...sampleSessionPlan({ units, knownDurations: {} }), pool: 'lab' };
  const state: SessionState = {
    ...initialState(plan, at),
    phase: { kind: 'calibrating' },
    opened: true,
    pool: {
      ...newPoolState({ environment: environmentFacts(), stages_yaml_sha256: 'cafe' }),
      hosts,
    },
  };
  return { plan, state };
}

function launchAll(plan: SessionPlan, state: SessionState): Record<string, string> {
  const given: Record<string, string> = {};
  for (let work = nextWork(plan, state); work.kind === 'launch'; work = nextWork(plan, state)) {
    const lane = work.lanes?.[0]?.name ?? 'none';
    given[work.id.namespace] = lane;
    setMark(state, work.id, 'r');
    state.active.push({ ...work.id, pass: 1, started_at: at, reextract: false, waits_for: null, lane });
  }
  return given;
}

const twoLanes = [
  { name: 'left', gpus: [0, 1] },
  { name: 'right', gpus: [2] },
];

describe('the lanes of a pool', () => {
  test('are those of all hosts that take part, declared or not', () => {
    const { plan, state } = pooled({
      'gpu-1': host({ lanes: twoLanes }),
      'gpu-2': host({ slots: 2 }),
      'gpu-3': { state: 'refused', since: at, reason: 'HEAD moved' },
      'gpu-4': { state: 'lost', since: at, reason: 'it did not take a repeat' },
    });
    expect(usableLanes(plan, state).map(({ name }) => name)).toEqual([
      'gpu-1/left',
      'gpu-1/right',
      'gpu-2/slot0',
      'gpu-2/slot1',
    ]);
    expect(laneCount(plan, state)).toBe(4);
  });

  test('are given to units that fit them: declared ones by their GPUs, a slot by those of its host', () => {
    const { plan, state } = pooled({ 'gpu-1': host({ lanes: twoLanes }), 'gpu-2': host({ gpus: 4 }) });
    expect(launchAll(plan, state)).toEqual({
      test_u1_ci: 'gpu-1/right',
      test_u2_ci: 'gpu-1/left',
      test_u4_ci: 'gpu-2/slot0',
    });
  });

  test('that a repeat may fall back on are of the same host', () => {
    const { plan, state } = pooled({
      'gpu-1': host({ lanes: twoLanes }),
      'gpu-2': host({ lanes: twoLanes }),
    });
    const [unit] = plan.units;
    const lanes = unit === undefined ? [] : fittingLanes(plan, state, { unit, first: 'gpu-2/right' });
    expect(lanes.map(({ name }) => name)).toEqual(['gpu-2/right', 'gpu-2/left']);
  });

  test('bring a repeat whose artifacts are to be read again back to their host', () => {
    const { plan, state } = pooled({ 'gpu-1': host({}), 'gpu-2': host({}), 'gpu-3': host({}) });
    state.lanes = { ran: { test_u2_ci: { 1: 'gpu-3/slot0' } }, failing: {}, quarantined: {}, seen: {} };
    state.reextract = ['test_u2_ci#1'];
    expect(launchAll(plan, state)).toMatchObject({ test_u2_ci: 'gpu-3/slot0' });
  });

  test('go to others first while the host of such artifacts is not there', () => {
    const { plan, state } = pooled({ 'gpu-1': host({}), 'gpu-2': host({}) });
    state.lanes = { ran: { test_u1_ci: { 1: 'gpu-3/slot0' } }, failing: {}, quarantined: {}, seen: {} };
    state.reextract = ['test_u1_ci#1'];
    expect(Object.keys(launchAll(plan, state)).toSorted()).toEqual(['test_u2_ci', 'test_u4_ci']);
  });

  test('keep a unit waiting that none of them fits: a larger host may come', () => {
    const { plan, state } = pooled({ 'gpu-1': host({ lanes: [{ name: 'only', gpus: [0] }] }) });
    for (const namespace of ['test_u1_ci', 'test_u2_ci'])
      for (const repeat of [1, 2]) setMark(state, { namespace, repeat }, 'd');
    expect(nextWork(plan, state)).toEqual({ kind: 'wait' });
  });

  test('keep everything waiting while no host takes part', () => {
    const { plan, state } = pooled({});
    expect(nextWork(plan, state)).toEqual({ kind: 'wait' });
  });

  test('are quarantined one by one under their own names, slots too', () => {
    const { plan, state } = pooled({ 'gpu-1': host({ lanes: twoLanes }), 'gpu-2': host({}) });
    const dirty = (lane: string) => ({
      n: 1,
      lane,
      failed: true,
      dirty: true,
      reason: 'GPU memory not released',
    });
    const outcome = { kind: 'complete', cells: {}, launches: 1, duration_s: 1 } as const;
    const lines = [
      ...takeLaneTries(plan, state, {
        id: { namespace: 'test_u1_ci', repeat: 1, lane: 'gpu-1/left' },
        outcome: { ...outcome, lane: 'gpu-1/right', tries: [dirty('right')] },
        now: at,
      }),
      ...takeLaneTries(plan, state, {
        id: { namespace: 'test_u2_ci', repeat: 1, lane: 'gpu-2/slot0' },
        outcome: { ...outcome, lane: 'gpu-2/gpu0,1', tries: [dirty('gpu0,1')] },
        now: at,
      }),
    ];
    expect(lines).toEqual([
      'lane gpu-1/right is quarantined: GPU memory not released; `resume` brings it back',
      'lane gpu-2/slot0 is quarantined: GPU memory not released; `resume` brings it back',
    ]);
    expect(usableLanes(plan, state).map(({ name }) => name)).toEqual(['gpu-1/left']);
    expect(state.lanes?.ran).toEqual({
      test_u1_ci: { 1: 'gpu-1/right' },
      test_u2_ci: { 1: 'gpu-2/slot0' },
    });
  });
});

describe('the status of a pool', () => {
  test('names its hosts, where the session lies there, and why one does not take part', () => {
    const { plan, state } = pooled({
      'gpu-2': { state: 'refused', since: at, reason: 'HEAD moved' },
      'gpu-1': host({}),
    });
    expect(sessionStatus(plan, state, new Date(at)).hosts).toEqual([
      { host: 'gpu-1', state: 'joined', since: at, run_dir: '/srv/there', reason: null },
      { host: 'gpu-2', state: 'refused', since: at, run_dir: null, reason: 'HEAD moved' },
    ]);
  });

  test('has no refused host any more after `resume`, which is refused where there is none', () => {
    const { plan, state } = pooled({ 'gpu-1': host({}) });
    expect(takeCommand(plan, state, { kind: 'resume', id: 'a' }).accepted).toBe(false);
    if (state.pool !== undefined) {
      state.pool.hosts['gpu-2'] = { state: 'refused', since: at, reason: 'HEAD moved' };
    }
    expect(takeCommand(plan, state, { kind: 'resume', id: 'b' }).accepted).toBe(true);
    expect(Object.keys(state.pool?.hosts ?? {})).toEqual(['gpu-1']);
  });
});
