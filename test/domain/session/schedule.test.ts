import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decideCommand, takeCommand } from '../../../src/domain/session/commands.ts';
import { recordOutcome } from '../../../src/domain/session/matrix.ts';
import {
  initialState,
  type RepeatOutcome,
  type SessionState,
} from '../../../src/domain/session/session-state.ts';
import {
  alikePassesLimit,
  markOf,
  nextWork,
  reopenAll,
  repeatKey,
  setMark,
} from '../../../src/domain/session/schedule.ts';
import type { SessionPlan } from '../../../src/domain/session/session-plan.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';
import { propertyRuns } from '../../fixtures/property-runs.ts';

const at = '2026-04-23T05:00:00Z';

function calibrating(plan: SessionPlan): SessionState {
  return { ...initialState(plan, at), phase: { kind: 'calibrating' }, opened: true };
}

function outcome(kind: Exclude<RepeatOutcome['kind'], 'seen'>, reason: string): RepeatOutcome {
  const facts = { cells: {}, launches: 1, duration_s: 1, lane: null };
  if (kind === 'complete') return { kind, ...facts };
  if (kind === 'halt') return { kind, cause: { text: reason, namespace: null, repeat: null }, ...facts };
  return { kind, reason, ...facts };
}

describe('the next work', () => {
  test('is repeat 1 of each unit in plan order, then repeat 2', () => {
    const plan = sampleSessionPlan();
    const state = calibrating(plan);
    const order: string[] = [];
    for (let work = nextWork(plan, state); work.kind === 'launch'; work = nextWork(plan, state)) {
      order.push(repeatKey(work.id));
      setMark(state, work.id, 'd');
    }
    expect(order).toEqual(['test_alpha_ci#1', 'test_beta_ci#1', 'test_alpha_ci#2', 'test_beta_ci#2']);
  });

  test('waits for a repeat of the same round instead of beginning the next', () => {
    const plan = sampleSessionPlan();
    const state = calibrating(plan);
    state.marks = { test_alpha_ci: 'r.', test_beta_ci: 'd.' };
    expect(nextWork(plan, state)).toEqual({ kind: 'wait' });
  });

  test('is a purged earlier repeat before the round goes on', () => {
    const plan = sampleSessionPlan();
    const state = calibrating(plan);
    state.marks = { test_alpha_ci: 'd.', test_beta_ci: '.d' };
    expect(nextWork(plan, state)).toEqual({ kind: 'launch', id: { namespace: 'test_beta_ci', repeat: 1 } });
  });

  test('after the last round is what the pass has left open, in a new pass', () => {
    const plan = sampleSessionPlan();
    const state = calibrating(plan);
    state.marks = { test_alpha_ci: 'od', test_beta_ci: 'dd' };
    expect(nextWork(plan, state)).toMatchObject({ kind: 'launch', id: { namespace: 'test_alpha_ci' } });
    expect(state.pass).toBe(2);
  });

  test('is nothing more when max-passes are used up', () => {
    const plan = sampleSessionPlan({ policies: { max_passes: 2 } });
    const state = { ...calibrating(plan), pass: 2, marks: { test_alpha_ci: 'od', test_beta_ci: 'dd' } };
    expect(nextWork(plan, state)).toEqual({
      kind: 'blocked',
      missing: [{ namespace: 'test_alpha_ci', repeat: 1 }],
    });
  });

  test('leaves a cell alone that failed alike in pass after pass, and takes up the others', () => {
    const plan = sampleSessionPlan({ policies: { max_passes: 10 } });
    const state = calibrating(plan);
    state.marks = { test_alpha_ci: 'od', test_beta_ci: 'od' };
    state.open = {
      'test_alpha_ci#1': { reason: 'OOM', passes_alike: alikePassesLimit, launches: 6 },
      'test_beta_ci#1': { reason: 'OOM', passes_alike: 1, launches: 6 },
    };
    expect(nextWork(plan, state)).toMatchObject({ kind: 'launch', id: { namespace: 'test_beta_ci' } });
    expect(markOf(state, { namespace: 'test_alpha_ci', repeat: 1 })).toBe('o');
  });
});

describe('a fresh budget', () => {
  test('begins a pass with a number that no attempt on disk bears, and gives all passes again', () => {
    const plan = sampleSessionPlan({ policies: { max_passes: 2 } });
    const state = { ...calibrating(plan), pass: 2, marks: { test_alpha_ci: 'oh', test_beta_ci: 'dd' } };
    reopenAll(plan, state);
    expect(state).toMatchObject({
      pass: 3,
      marks: { test_alpha_ci: '..' },
      reextract: ['test_alpha_ci#2'],
      open: {},
    });
    state.marks = { test_alpha_ci: 'od', test_beta_ci: 'dd' };
    expect(nextWork(plan, state).kind).toBe('launch');
    expect(state.pass).toBe(4);
  });
});

type Step =
  | { kind: 'end'; which: number; outcome: Exclude<RepeatOutcome['kind'], 'seen'>; reason: string }
  | { kind: 'pause' | 'resume' }
  | { kind: 'purge'; stage: number; repeat: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        which: fc.nat(3),
        outcome: fc.constantFrom(
          'complete' as const,
          'incomplete' as const,
          'exhausted' as const,
          'halt' as const,
        ),
        reason: fc.constantFrom('OOM', 'partial samples (9/10)'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const) }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('purge' as const),
        stage: fc.nat(2),
        repeat: fc.integer({ min: 1, max: 3 }),
      }),
    },
  ),
  { maxLength: 60 },
);

/** The workflow's loop, without Temporal: launches while it may, and checks what must hold at every launch. */
class Loop {
  readonly plan: SessionPlan;
  state: SessionState;
  launches = 0;
  #ids = 0;

  constructor(plan: SessionPlan) {
    this.plan = plan;
    this.state = calibrating(plan);
  }

  fill(): void {
    const { plan, state } = this;
    for (const { namespace, repeat } of state.purges) {
      setMark(state, { namespace, repeat }, '.');
      delete state.open[repeatKey({ namespace, repeat })];
    }
    state.purges = [];
    while (state.phase.kind === 'calibrating' && !state.pause_requested && state.active.length < plan.lanes) {
      const work = nextWork(plan, state);
      if (work.kind === 'blocked') {
        state.phase = { kind: 'blocked', since: at, cause: 'budget-spent', reason: 'missing' };
      }
      if (work.kind !== 'launch') return;
      this.#launch(work.id);
    }
  }

  #launch(id: { namespace: string; repeat: number }): void {
    const { plan, state } = this;
    expect(markOf(state, id)).toBe('.');
    const earlier = plan.units.flatMap(({ namespace }) =>
      Array.from((state.marks[namespace] ?? '').slice(0, id.repeat - 1)),
    );
    expect(earlier.filter((mark) => mark === '.' || mark === 'r')).toEqual([]);
    setMark(state, id, 'r');
    const active = { ...id, pass: state.pass, started_at: at, reextract: false, waits_for: null };
    state.active.push(active);
    this.launches += 1;
    expect(state.active.length).toBeLessThanOrEqual(plan.lanes);
    expect(new Set(state.active.map(repeatKey)).size).toBe(state.active.length);
  }

  end(which: number, end: RepeatOutcome): void {
    const { state } = this;
    const active = state.active[which % Math.max(1, state.active.length)];
    if (active === undefined) return;
    state.active = state.active.filter((other) => other !== active);
    recordOutcome(state, active, end);
    if (end.kind === 'halt') state.phase = { kind: 'halted', since: at, cause: end.cause };
  }

  command(kind: 'pause' | 'resume' | 'purge', payload: object = {}): void {
    const { plan, state } = this;
    this.#ids += 1;
    const command = { kind, id: `c${this.#ids}`, ...payload } as Parameters<typeof takeCommand>[2];
    const decided = decideCommand(plan, state, command);
    expect(takeCommand(plan, state, command)).toEqual(decided);
    if (!state.resume_requested) return;
    state.resume_requested = false;
    for (const active of state.active.splice(0)) setMark(state, active, '.');
    reopenAll(plan, state);
    state.phase = { kind: 'calibrating' };
  }
}

describe('whatever happens to its repeats and whatever is commanded', () => {
  test('a session never launches a repeat twice at once, keeps to its lanes, and ends complete', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 3 }), (events, lanes) => {
        const loop = new Loop(sampleSessionPlan({ repeats: 3, lanes }));
        for (const event of events) {
          loop.fill();
          if (event.kind === 'end') loop.end(event.which, outcome(event.outcome, event.reason));
          else if (event.kind === 'purge') {
            const stage = loop.plan.stages[event.stage]?.key ?? '';
            loop.command('purge', { stage, repeat: event.repeat });
          } else loop.command(event.kind);
          // Continue-as-new hands the state on as JSON.
          const copy = JSON.parse(JSON.stringify(loop.state)) as SessionState;
          expect(copy).toEqual(loop.state);
          loop.state = copy;
        }
        for (let rest = 0; rest < 40; rest += 1) {
          loop.command('resume');
          loop.fill();
          loop.end(0, outcome('complete', ''));
        }
        expect(Object.values(loop.state.marks)).toEqual(['ddd', 'ddd']);
        expect(nextWork(loop.plan, loop.state)).toEqual({ kind: 'complete' });
      }),
      { numRuns: propertyRuns(300) },
    );
  });

  test('a session whose repeats never become complete stops within its budget', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.infiniteStream(fc.constantFrom('OOM', 'exit 139 (segfault)')),
        (max_passes, reasons) => {
          const plan = sampleSessionPlan({ policies: { max_passes } });
          const loop = new Loop(plan);
          for (let turn = 0; turn < 1000 && loop.state.phase.kind === 'calibrating'; turn += 1) {
            loop.fill();
            loop.end(0, outcome('exhausted', reasons.next().value));
          }
          expect(loop.state.phase.kind).toBe('blocked');
          expect(loop.launches).toBeLessThanOrEqual(plan.units.length * plan.repeats * max_passes);
        },
      ),
    );
  });
});
