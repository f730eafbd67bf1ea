import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';

import { failureTypes } from '../../src/domain/session/session-state.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { endings, heldRepeat } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();

describe('a checkout that moved between the start and the precheck', () => {
  const verdicts = [
    { ok: false, moved: 'HEAD moved: found b', errors: ['HEAD moved: found b'], warnings: [] },
    { ok: true, errors: [], warnings: [] },
  ];

  test('halts the session, which goes on with a precheck of its own after resume', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, () => ({
      precheck: (call) => verdicts[call - 1] ?? { ok: true, errors: [], warnings: [] },
    }));
    await run(async (session) => {
      const { phase } = await session.untilPhase('halted');
      expect(phase).toMatchObject({
        cause: { moved: true, text: 'HEAD moved: found b; restore it, then resume' },
      });
      expect(activities.launches).toEqual([]);
      expect(await session.update('resume')).toMatchObject({ accepted: true });
      await session.finish();
    });
    expect(activities.calls.filter((call) => call === 'precheck')).toHaveLength(2);
    expect(activities.log).toContain('HALT: HEAD moved: found b; restore it, then resume');
  });

  test('carries out a purge before the resume, and answers it at once', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, () => ({
      openSession: () => {
        activities.repair('test_alpha_ci', 1);
        return activities.audit();
      },
      precheck: (call) => verdicts[call - 1] ?? { ok: true, errors: [], warnings: [] },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      const reply = await session.update('purge', { stage: 'alpha_wer', repeat: 1 });
      expect(reply.message).toMatch(/test_alpha_ci repeat 1 is discarded .* run again after `resume`$/);
      expect(activities.calls).toContain('discardRepeat test_alpha_ci#1');
      expect((await session.state()).phase.kind).toBe('halted');
      await session.update('resume');
      await session.finish();
    });
    expect(activities.launches).toContain('test_alpha_ci#1');
  });

  test('can be aborted instead', async () => {
    const { run } = scriptedSession(place(), { repeats: 1 }, () => ({
      precheck: () => ({ ok: false, moved: 'HEAD moved', errors: [], warnings: [] }),
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      await session.update('abort');
      expect(await session.result()).toMatchObject({ outcome: 'aborted' });
    });
  });
});

describe('a halt', () => {
  test('launches nothing else and says what is wrong', async () => {
    const { activities, run } = scriptedSession(place(), {}, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan, 'alpha_wer.value: path missing')] },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      const { state, halt } = await session.status();
      expect(state).toBe('halted');
      expect(halt?.text).toMatch(/^HALTED since .*: alpha_wer.value: path missing$/);
    });
    expect(activities.launches).toEqual(['test_alpha_ci#1']);
  });

  test('leaves its reason, the completeness and the way on in run.log', async () => {
    const { plan, activities, run } = scriptedSession(place(), {}, (plan) => ({
      repeats: { 'test_beta_ci#1': [endings.halt(plan, 'no results.json')] },
    }));
    await run((session) => session.untilPhase('halted'));
    expect(activities.log).toEqual([
      'HALT: no results.json',
      'completeness at HALT: 2/6 stage-runs complete',
      `fix the cause, then: calib signal ${plan.session_id} resume`,
    ]);
  });

  test('lets the repeats on other lanes end, and records them', async () => {
    const { activities, run } = scriptedSession(place(), { lanes: 2 }, (plan) => {
      slow = heldRepeat((input) => activities.complete(input));
      return {
        repeats: {
          'test_alpha_ci#1': [
            async (input) => {
              await slow.started;
              return await endings.halt(plan)(input);
            },
          ],
          'test_beta_ci#1': [slow.script],
        },
      };
    });
    await run(async (session) => {
      await session.until(({ phase }) => phase.kind === 'halted');
      slow.release();
      const state = await session.untilPhase('halted');
      expect(state.marks).toEqual({ test_alpha_ci: 'h.', test_beta_ci: 'd.' });
    });
  });

  test('on two lanes at once keeps the first cause in view and notes the second', async () => {
    const { run } = scriptedSession(place(), { lanes: 2 }, (plan) => {
      slow = heldRepeat(endings.halt(plan, 'second cause'));
      return {
        repeats: {
          'test_alpha_ci#1': [
            async (input) => {
              await slow.started;
              return await endings.halt(plan, 'first cause')(input);
            },
          ],
          'test_beta_ci#1': [slow.script],
        },
      };
    });
    await run(async (session) => {
      await session.until(({ phase }) => phase.kind === 'halted');
      slow.release();
      const { phase, notes } = await session.untilPhase('halted');
      expect(phase).toMatchObject({ cause: { text: 'first cause' } });
      expect(notes.map(({ text }) => text)).toEqual(['another halt: second cause']);
    });
  });

  test('also follows on a repeat that can never be run', async () => {
    const { run } = scriptedSession(place(), {}, () => ({
      repeats: {
        'test_alpha_ci#1': [
          () => {
            throw ApplicationFailure.nonRetryable('the interpreter is gone', failureTypes.invalid);
          },
        ],
      },
    }));
    await run(async (session) => {
      const { phase } = await session.untilPhase('halted');
      expect(phase).toMatchObject({ cause: { text: 'the interpreter is gone', repeat: 1 } });
      expect(await session.update('resume')).toMatchObject({ accepted: true });
      await session.finish();
    });
  });
});

describe('resume out of a halt', () => {
  test('looks at the halted repeat’s artifacts before it launches, others are launched at once', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan)] },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      await session.update('resume');
      await session.finish();
    });
    expect(activities.inputs.map(({ namespace, reextract }) => [namespace, reextract])).toEqual([
      ['test_alpha_ci', false],
      ['test_alpha_ci', true],
      ['test_beta_ci', false],
    ]);
  });

  test('takes over what has become valid on disk and does not run it again', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan)] },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      activities.repair('test_alpha_ci', 1);
      await session.update('resume');
      await session.finish();
    });
    expect(activities.launches).toEqual(['test_alpha_ci#1', 'test_beta_ci#1']);
  });

  test('notes what the session found changed on disk', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan)] },
      syncSession: () => ({ ...activities.audit(), notes: ['stages.yaml was corrected'] }),
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      await session.update('resume');
      const { notes } = await session.untilPhase('awaiting_decision');
      expect(notes.map(({ text }) => text)).toEqual(['stages.yaml was corrected']);
    });
  });

  test('stays blocked while the directory cannot be read, and can be tried again', async () => {
    const { run, activities } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan)] },
      syncSession: (call) => {
        if (call === 1) throw ApplicationFailure.nonRetryable('plan.json is not JSON', failureTypes.invalid);
        return { ...activities.audit(), notes: [] };
      },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      await session.update('resume');
      const { phase } = await session.untilPhase('blocked');
      expect(phase).toMatchObject({ cause: 'directory', reason: 'plan.json is not JSON' });
      await session.update('resume');
      expect(await session.finish()).toMatchObject({ outcome: 'completed' });
    });
  });

  test('clears a pause that was asked for before the halt', async () => {
    const { run } = scriptedSession(place(), { repeats: 1 }, (plan) => {
      slow = heldRepeat(endings.halt(plan));
      return { repeats: { 'test_alpha_ci#1': [slow.script] } };
    });
    await run(async (session) => {
      await slow.started;
      await session.update('pause');
      slow.release();
      await session.untilPhase('halted');
      await session.update('resume');
      expect(await session.finish()).toMatchObject({ outcome: 'completed' });
    });
  });
});

let slow: ReturnType<typeof heldRepeat>;
