import { describe, expect, test } from 'vitest';

import {
  type Command,
  type CommandKind,
  commandSchema,
  decideCommand,
  settleCommand,
  takeCommand,
} from '../../../src/domain/session/commands.ts';
import { type Phase, type SessionState, initialState } from '../../../src/domain/session/session-state.ts';
import { sampleSessionPlan } from './sample-session-plan.ts';

const at = '2026-04-23T05:00:00Z';
const plan = sampleSessionPlan();
const cause = { text: 'no results.json', namespace: 'test_alpha_ci', repeat: 1 };

const phases: Phase[] = [
  { kind: 'opening' },
  { kind: 'prechecking' },
  { kind: 'calibrating' },
  { kind: 'paused', since: at },
  { kind: 'halted', since: at, cause },
  { kind: 'blocked', since: at, cause: 'budget-spent', reason: '1 missing' },
  { kind: 'reporting' },
  { kind: 'awaiting_decision', since: at, report: '/r' },
  { kind: 'applying', mode: 'smart' },
  { kind: 'completed', report: '/r', decision: 'report', applied: 0, changes: [] },
  { kind: 'aborted', reason: 'enough' },
  { kind: 'failed', reason: 'precheck' },
];

function stateIn(phase: Phase, change: Partial<SessionState> = {}): SessionState {
  const decision = phase.kind === 'applying' ? { command_id: 'd', mode: 'smart' as const, decide: {} } : null;
  return {
    ...initialState(plan, at),
    phase,
    decision,
    marks: { test_alpha_ci: 'dr', test_beta_ci: 'd.' },
    ...change,
  };
}

const payloads: Record<CommandKind, object> = {
  pause: {},
  resume: {},
  purge: { stage: 'alpha_wer', repeat: 1 },
  apply: { mode: 'report' },
  abort: {},
};

function command(kind: CommandKind, payload: object = payloads[kind], id = 'c1'): Command {
  return commandSchema.parse({ kind, id, ...payload });
}

const accepting: Record<CommandKind, Phase['kind'][]> = {
  pause: ['opening', 'prechecking', 'calibrating', 'paused'],
  resume: ['paused', 'halted', 'blocked'],
  purge: ['calibrating', 'paused', 'halted', 'blocked', 'awaiting_decision'],
  apply: ['awaiting_decision'],
  abort: [
    'opening',
    'prechecking',
    'calibrating',
    'paused',
    'halted',
    'blocked',
    'reporting',
    'awaiting_decision',
  ],
};

describe('a command is taken where it makes sense', () => {
  test.each(Object.keys(accepting) as CommandKind[])('%s', (kind) => {
    const accepted = phases.filter((phase) => decideCommand(plan, stateIn(phase), command(kind)).accepted);
    expect(accepted.map((phase) => phase.kind)).toEqual(accepting[kind]);
  });

  test('and a refusal always names the phase, or the reason beyond it', () => {
    for (const phase of phases) {
      for (const kind of Object.keys(accepting) as CommandKind[]) {
        const reply = decideCommand(plan, stateIn(phase), command(kind));
        if (!reply.accepted) expect(reply.message).toMatch(new RegExp(`${phase.kind}|decision`));
      }
    }
  });

  test('deciding changes nothing', () => {
    for (const phase of phases) {
      for (const kind of Object.keys(accepting) as CommandKind[]) {
        const state = stateIn(phase);
        const before = structuredClone(state);
        decideCommand(plan, state, command(kind));
        expect(state).toEqual(before);
      }
    }
  });
});

describe('purge', () => {
  const awaiting: Phase = { kind: 'awaiting_decision', since: at, report: '/r' };
  const done = { marks: { test_alpha_ci: 'dd', test_beta_ci: 'dd' } };

  test.each([
    [{ repeat: 1 }, 'purge takes either a stage or a test file'],
    [
      { stage: 'alpha_wer', test: 'test_alpha_ci.py', repeat: 1 },
      'purge takes either a stage or a test file',
    ],
    [{ stage: 'gamma', repeat: 1 }, 'no stage gamma; known: alpha_speed, alpha_wer, beta_accuracy'],
    [
      { test: 'test_gamma.py', repeat: 1 },
      'no test file test_gamma.py; known: tests/test_model/test_alpha_ci.py, tests/test_model/test_beta_ci.py',
    ],
    [{ stage: 'alpha_wer', repeat: 3 }, 'repeat 3 does not exist: the session has 1 to 2'],
    [{ stage: 'alpha_wer', repeat: 2 }, 'test_alpha_ci repeat 2 is running: wait for its end, or abort'],
    [{ stage: 'beta_accuracy', repeat: 2 }, 'nothing is recorded for repeat 2: it will be run anyway'],
  ])('%j is refused with the reason', (payload, message) => {
    const reply = decideCommand(plan, stateIn({ kind: 'calibrating' }), command('purge', payload));
    expect(reply).toEqual({ accepted: false, message });
  });

  test('means the whole pytest repeat of a stage’s unit', () => {
    const state = stateIn(awaiting, done);
    takeCommand(plan, state, command('purge', { stage: 'alpha_speed', repeat: 2, reason: 'noisy' }));
    expect(state.purges).toEqual([
      { command_id: 'c1', namespace: 'test_alpha_ci', repeat: 2, reason: 'noisy' },
    ]);
  });

  test('is settled by the main loop, a second one of the same repeat at once', () => {
    const state = stateIn(awaiting, done);
    takeCommand(plan, state, command('purge', undefined, 'first'));
    takeCommand(plan, state, command('purge', undefined, 'second'));
    expect(state.purges).toHaveLength(1);
    expect(state.replies.map(({ id, settled }) => [id, settled])).toEqual([
      ['first', false],
      ['second', true],
    ]);
  });
});

describe('a command id', () => {
  test('that is known gets the first answer and changes nothing', () => {
    const state = stateIn({ kind: 'calibrating' });
    const first = takeCommand(plan, state, command('pause'));
    state.pause_requested = false;
    expect(takeCommand(plan, state, command('pause'))).toEqual(first);
    expect(state.pause_requested).toBe(false);
    expect(state.replies).toHaveLength(1);
  });

  test('is known after its outcome has replaced the first answer', () => {
    const state = stateIn({ kind: 'awaiting_decision', since: at, report: '/r' });
    takeCommand(plan, state, command('apply'));
    settleCommand(state, 'c1', { accepted: false, message: 'a file changed' });
    expect(decideCommand(plan, state, command('apply'))).toEqual({
      accepted: false,
      message: 'a file changed',
    });
  });

  test('is forgotten after two hundred newer ones, because the state travels', () => {
    const state = stateIn({ kind: 'calibrating' });
    for (let index = 0; index < 250; index += 1) takeCommand(plan, state, command('pause', {}, `c${index}`));
    expect(state.replies).toHaveLength(200);
    expect(state.replies.at(-1)?.id).toBe('c249');
  });
});

describe('abort', () => {
  test('keeps the first reason', () => {
    const state = stateIn({ kind: 'calibrating' });
    takeCommand(plan, state, command('abort', { reason: 'first' }, 'a'));
    takeCommand(plan, state, command('abort', { reason: 'second' }, 'b'));
    expect(state.abort_requested).toBe('first');
  });

  test('leaves no other command its turn', () => {
    const state = stateIn({ kind: 'paused', since: at }, { abort_requested: 'enough' });
    for (const kind of ['pause', 'resume', 'purge', 'apply'] as const) {
      expect(decideCommand(plan, state, command(kind)).message).toMatch(/is being aborted/);
    }
  });

  test('comes too late once a decision is accepted, even before it is carried out', () => {
    const state = stateIn({ kind: 'awaiting_decision', since: at, report: '/r' });
    takeCommand(plan, state, command('apply', undefined, 'a'));
    expect(decideCommand(plan, state, command('abort', {}, 'b')).accepted).toBe(false);
  });
});

describe('resume', () => {
  test('of a session that waits for a worker says that it resumes automatically, and asks for no new look', () => {
    const state = stateIn({ kind: 'blocked', since: at, cause: 'no-worker', reason: 'no worker polls' });
    expect(takeCommand(plan, state, command('resume'))).toMatchObject({ accepted: true });
    expect(state.resume_requested).toBe(false);
  });

  test('takes back a pause that has not come into force yet', () => {
    const state = stateIn({ kind: 'prechecking' }, { pause_requested: true });
    expect(takeCommand(plan, state, command('resume')).accepted).toBe(true);
    expect(state.pause_requested).toBe(false);
  });
});
