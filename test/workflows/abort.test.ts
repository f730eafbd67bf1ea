import { describe, expect, test } from 'vitest';

import { deferred } from '../server/deferred.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { endings, heldRepeat } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();
const one = { units: [{ namespace: 'test_alpha_ci', stages: ['alpha_wer'] }], repeats: 2 };

describe('abort', () => {
  test('while a repeat runs reaches it, and the session ends only after it has stopped', async () => {
    const stopping = deferred();
    const stopped = deferred();
    const held = heldRepeat(endings.partial(scriptedSession(place(), one).plan));
    const { activities, run } = scriptedSession(place(), one, () => ({
      repeats: {
        'test_alpha_ci#1': [
          async (input) => {
            try {
              return await held.script(input);
            } catch (error) {
              // As the real one: it ends its pytest, then confirms the cancellation.
              stopping.resolve();
              await stopped.promise;
              throw error;
            }
          },
        ],
      },
    }));
    await run(async (session) => {
      await held.started;
      expect(await session.update('abort', { reason: 'wrong model' })).toMatchObject({ accepted: true });
      await stopping.promise;
      const { halt } = await session.status();
      expect(halt?.text).toBe('aborting (wrong model): waiting for the running pytest to stop');
      stopped.resolve();
      expect(await session.result()).toMatchObject({ outcome: 'aborted', message: 'wrong model' });
    });
    expect(activities.launches).toEqual(['test_alpha_ci#1']);
    expect(activities.log.at(-1)).toBe('session aborted: wrong model');
  });

  test('keeps what a repeat recorded that ended before the cancellation reached it', async () => {
    const { run } = scriptedSession(place(), { ...one, lanes: 2 }, (plan) => ({
      repeats: { 'test_alpha_ci#2': [heldRepeat(endings.partial(plan)).script] },
    }));
    await run(async (session) => {
      await session.until(({ marks }) => marks['test_alpha_ci'] === 'dr');
      await session.update('abort');
      await session.result();
      expect((await session.audit()).stages).toMatchObject([{ cells: ['✓', '—'] }]);
    });
  });

  test('as a signal ends the session with the reason that the operator gave', async () => {
    const { run } = scriptedSession(place(), one);
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      await session.signal('abort', { reason: 'enough' });
      expect(await session.result()).toMatchObject({ outcome: 'aborted', message: 'enough' });
    });
  });

  test('ends a session whose directory is being opened', async () => {
    const { activities, run } = scriptedSession(place(), { ...one, unpolled: ['home'] });
    await run(async (session) => {
      await session.update('abort');
      expect(await session.result()).toMatchObject({
        outcome: 'aborted',
        message: 'aborted by the operator',
      });
    });
    expect(activities.calls).toEqual([]);
  });

  test('ends a session in its precheck', async () => {
    const checking = deferred();
    const go = deferred();
    const { activities, run } = scriptedSession(place(), one, () => ({
      precheck: async () => {
        checking.resolve();
        await go.promise;
        return { ok: true, errors: [], warnings: [] };
      },
    }));
    await run(async (session) => {
      await checking.promise;
      await session.update('abort');
      expect((await session.result()).outcome).toBe('aborted');
      go.resolve();
    });
    expect(activities.launches).toEqual([]);
  });

  test('ends a paused session', async () => {
    const held = heldRepeat(endings.partial(scriptedSession(place(), one).plan));
    const { run } = scriptedSession(place(), one, () => ({ repeats: { 'test_alpha_ci#1': [held.script] } }));
    await run(async (session) => {
      await held.started;
      await session.update('pause');
      held.release();
      await session.untilPhase('paused');
      await session.update('abort');
      expect((await session.result()).outcome).toBe('aborted');
    });
  });

  test('ends a halted session', async () => {
    const { run } = scriptedSession(place(), one, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan)] },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      await session.update('abort');
      expect((await session.result()).outcome).toBe('aborted');
    });
  });

  test('ends a blocked session', async () => {
    const { run } = scriptedSession(place(), one, () => ({
      writeReport: () => ({ kind: 'refused', reason: 'no' }),
    }));
    await run(async (session) => {
      await session.untilPhase('blocked');
      await session.update('abort');
      expect((await session.result()).outcome).toBe('aborted');
    });
  });

  test('ends a session whose report is being written', async () => {
    const writing = deferred();
    const go = deferred();
    const { run } = scriptedSession(place(), one, (plan) => ({
      writeReport: async () => {
        writing.resolve();
        await go.promise;
        return { kind: 'written', report: `${plan.run_dir}/report.md`, html: `${plan.run_dir}/report.html` };
      },
    }));
    await run(async (session) => {
      await writing.promise;
      await session.update('abort');
      expect(await session.result()).toMatchObject({ outcome: 'aborted', report: null });
      go.resolve();
    });
  });

  test('answers a purge that it overtook', async () => {
    const discarding = deferred();
    const go = deferred();
    const { run } = scriptedSession(place(), one, () => ({
      discardRepeat: async () => {
        discarding.resolve();
        await go.promise;
      },
    }));
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      const purge = session.update('purge', { stage: 'alpha_wer', repeat: 1 });
      await discarding.promise;
      await session.update('abort');
      expect(await purge).toEqual({ accepted: false, message: 'the session has ended: aborted' });
      expect((await session.result()).outcome).toBe('aborted');
      go.resolve();
    });
  });

  test('makes every other command pointless', async () => {
    const stopped = deferred();
    const held = heldRepeat(endings.partial(scriptedSession(place(), one).plan));
    const { run } = scriptedSession(place(), one, () => ({
      repeats: {
        'test_alpha_ci#1': [
          async (input) => {
            try {
              return await held.script(input);
            } finally {
              await stopped.promise;
            }
          },
        ],
      },
    }));
    await run(async (session) => {
      await held.started;
      await session.update('abort', { reason: 'first' });
      expect(await session.update('pause')).toEqual({
        accepted: false,
        message: 'the session is being aborted: nothing else is taken',
      });
      expect(await session.update('abort', { reason: 'second' })).toEqual({
        accepted: true,
        message: 'already aborting',
      });
      stopped.resolve();
      expect((await session.result()).message).toBe('first');
    });
  });
});

describe('a cancellation through Temporal', () => {
  test('ends the session as an abort does', async () => {
    const held = heldRepeat(endings.partial(scriptedSession(place(), one).plan));
    const { activities, run } = scriptedSession(place(), one, () => ({
      repeats: { 'test_alpha_ci#1': [held.script] },
    }));
    await run(async (session) => {
      await held.started;
      await session.handle.cancel();
      await held.cancelled;
      expect(await session.result()).toMatchObject({
        outcome: 'aborted',
        message: 'cancelled through Temporal',
      });
    });
    expect(activities.log.at(-1)).toBe('session aborted: cancelled through Temporal');
  });
});
