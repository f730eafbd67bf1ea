import { randomUUID } from 'node:crypto';

import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';

import { failureTypes } from '../../src/domain/session/session-state.ts';
import { deferred } from '../server/deferred.ts';
import { type ScriptedOptions, scriptedSession } from '../server/scripted-session.ts';
import { endings, heldRepeat } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();

/** A session whose first repeat runs until the test releases it. */
function heldSession(options: ScriptedOptions = {}) {
  let held: ReturnType<typeof heldRepeat> | undefined;
  const session = scriptedSession(place(), options, () => {
    held = heldRepeat((input) => session.activities.complete(input));
    return { repeats: { 'test_alpha_ci#1': [held.script] } };
  });
  if (held === undefined) throw new Error('the script is read at once');
  return { ...session, held };
}

describe('pause', () => {
  test('lets the running repeat end, launches nothing more, and resume continues', async () => {
    const { activities, held, run } = heldSession();
    await run(async (session) => {
      await held.started;
      expect(await session.update('pause')).toEqual({
        accepted: true,
        message: 'pausing: 1 running repeat(s) go on to their end, nothing new starts until `resume`',
      });
      held.release();
      await session.untilPhase('paused');
      expect(activities.launches).toEqual(['test_alpha_ci#1']);
      expect((await session.status()).halt?.text).toMatch(/^paused since .*: `resume` continues$/);
      await session.update('resume');
      await session.finish();
    });
    expect(activities.launches).toHaveLength(4);
  });

  test('during the precheck holds the first launch', async () => {
    const checked = deferred();
    const checking = deferred();
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, () => ({
      precheck: async () => {
        checking.resolve();
        await checked.promise;
        return { ok: true, errors: [], warnings: [] };
      },
    }));
    await run(async (session) => {
      await checking.promise;
      await session.update('pause');
      checked.resolve();
      await session.untilPhase('paused');
      expect(activities.launches).toEqual([]);
      await session.update('resume');
      await session.finish();
    });
  });

  test('keeps an incomplete repeat from being retried in place', async () => {
    let held: ReturnType<typeof heldRepeat> | undefined;
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => {
      held = heldRepeat(endings.partial(plan));
      return { repeats: { 'test_alpha_ci#1': [held.script] } };
    });
    await run(async (session) => {
      await held?.started;
      await session.update('pause');
      held?.release();
      await session.untilPhase('paused');
      expect(activities.launches).toEqual(['test_alpha_ci#1']);
      await session.update('resume');
      await session.finish();
    });
  });
});

describe('purge', () => {
  test('as an update is answered when the repeat is discarded, and runs it again for all its stages', async () => {
    const { activities, run } = scriptedSession(place());
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      const reply = await session.update('purge', { stage: 'alpha_speed', repeat: 2 });
      expect(reply).toEqual({
        accepted: true,
        message:
          'test_alpha_ci repeat 2 is discarded for all its stages and run again; then the report is written anew and a decision is asked for once more',
      });
      expect(activities.calls).toContain('discardRepeat test_alpha_ci#2');
      await session.untilPhase('awaiting_decision');
    });
    expect(activities.launches.filter((key) => key === 'test_alpha_ci#2')).toHaveLength(2);
    expect(activities.calls.filter((call) => call === 'writeReport')).toHaveLength(2);
  });

  test('as a signal does the same', async () => {
    const { activities, run } = scriptedSession(place());
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      await session.signal('purge', { test: 'test_beta_ci.py', repeat: 1 });
      await session.until(({ discarded }) => discarded === 1);
      await session.untilPhase('awaiting_decision');
    });
    expect(activities.launches.filter((key) => key === 'test_beta_ci#1')).toHaveLength(2);
  });

  test('of one test file sets its repeat aside in every environment', async () => {
    const units = [
      { namespace: 'test_tts_ci__higgs', stages: ['higgs_wer'] },
      { namespace: 'test_tts_ci__moss', stages: ['moss_wer'] },
    ];
    const { activities, run } = scriptedSession(place(), { units, repeats: 1 });
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      await session.update('purge', { test: 'tests/test_model/test_tts_ci.py', repeat: 1 });
      await session.untilPhase('awaiting_decision');
    });
    expect(activities.calls).toContain('discardRepeat test_tts_ci__higgs#1');
    expect(activities.calls).toContain('discardRepeat test_tts_ci__moss#1');
    expect(activities.launches).toHaveLength(4);
  });

  test('twice with one id is done once', async () => {
    const { activities, run } = scriptedSession(place());
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      const id = randomUUID();
      const first = await session.update('purge', { id, stage: 'beta_accuracy', repeat: 1 });
      await session.untilPhase('awaiting_decision');
      await session.signal('purge', { id, stage: 'beta_accuracy', repeat: 1 });
      expect(await session.update('purge', { id, stage: 'beta_accuracy', repeat: 1 })).toEqual(first);
      expect((await session.state()).phase.kind).toBe('awaiting_decision');
    });
    expect(activities.launches.filter((key) => key === 'test_beta_ci#1')).toHaveLength(2);
  });

  test('of a repeat that is being discarded already is answered at once and done once', async () => {
    const discarding = deferred();
    const go = deferred();
    const { activities, run } = scriptedSession(place(), {}, () => ({
      discardRepeat: async () => {
        discarding.resolve();
        await go.promise;
      },
    }));
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      const first = session.update('purge', { stage: 'beta_accuracy', repeat: 1 });
      await discarding.promise;
      expect(await session.update('purge', { stage: 'beta_accuracy', repeat: 1 })).toEqual({
        accepted: true,
        message: 'test_beta_ci repeat 1 is being discarded already',
      });
      go.resolve();
      await first;
      expect(await session.finish()).toMatchObject({ outcome: 'completed' });
    });
    expect(activities.calls.filter((call) => call.startsWith('discardRepeat'))).toHaveLength(1);
  });

  test('that the disk refuses is answered with the reason, and noted', async () => {
    const { activities, run } = scriptedSession(place(), {}, () => ({
      discardRepeat: () => {
        throw ApplicationFailure.nonRetryable('read-only file system', failureTypes.invalid);
      },
    }));
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      const reply = await session.update('purge', { stage: 'beta_accuracy', repeat: 1 });
      expect(reply).toEqual({ accepted: false, message: 'read-only file system' });
      const { notes } = await session.untilPhase('awaiting_decision');
      expect(notes.map(({ text }) => text)).toEqual([
        'test_beta_ci repeat 1 was not purged: read-only file system',
      ]);
    });
    expect(activities.launches).toHaveLength(4);
  });

  test('of the halted repeat leaves the session halted until resume', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan)] },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      const reply = await session.update('purge', { stage: 'alpha_wer', repeat: 1 });
      expect(reply.message).toMatch(/is discarded for all its stages and run again after `resume`$/);
      expect((await session.state()).phase.kind).toBe('halted');
      await session.update('resume');
      await session.finish();
    });
    // What was discarded is not looked at again.
    expect(activities.inputs.map(({ reextract }) => reextract)).toEqual([false, false, false]);
  });

  test('that cannot be done is refused with the reason, and changes nothing', async () => {
    const { held, run } = heldSession();
    await run(async (session) => {
      await held.started;
      const before = await session.state();
      expect(await session.update('purge', { stage: 'gamma', repeat: 1 })).toEqual({
        accepted: false,
        message: 'no stage gamma; known: alpha_speed, alpha_wer, beta_accuracy',
      });
      expect(await session.update('purge', { stage: 'alpha_wer', repeat: 1 })).toEqual({
        accepted: false,
        message: 'test_alpha_ci repeat 1 is running: wait for its end, or abort',
      });
      expect(await session.update('purge', { test: 'test_alpha_ci.py', repeat: 2 })).toEqual({
        accepted: false,
        message: 'nothing is recorded for repeat 2: it will be run anyway',
      });
      expect(await session.state()).toEqual(before);
    });
  });
});

describe('a command that makes no sense', () => {
  test('as a signal, whatever its payload, changes nothing and is noted', async () => {
    const nonsense = [
      ['pause', 'a string', 'pause: the payload must be a JSON object'],
      ['pause', [1, 2], 'pause: the payload must be a JSON object'],
      ['pause', { id: 5 }, 'pause: id: '],
      ['purge', { stage: 7, repeat: 1 }, 'purge: stage: '],
      ['purge', { stage: 'alpha_wer', repeat: 0.5 }, 'purge: repeat: '],
      ['purge', undefined, 'purge: repeat: '],
      ['apply', { mode: 'everything' }, 'apply: mode: '],
      ['apply', { mode: 'full' }, 'no decision is due: the session is calibrating'],
      ['resume', null, 'nothing to resume: the session is calibrating'],
      ['abort', { reason: { deep: true } }, 'abort: reason: '],
    ] as const;
    const { held, run } = heldSession();
    await run(async (session) => {
      await held.started;
      const before = await session.state();
      for (const [kind, payload] of nonsense) await session.signal(kind, payload);
      const after = await session.until(({ notes }) => notes.length === nonsense.length);
      expect(after.notes.map(({ text }) => text)).toEqual(
        nonsense.map(([kind, , why]) => expect.stringContaining(`signal ${kind} changed nothing: ${why}`)),
      );
      expect({ ...after, notes: [], replies: [] }).toEqual({ ...before, notes: [], replies: [] });
    });
  });

  test.each([
    ['json/protobuf', '{}'],
    ['json/plain', '{broken'],
    ['binary/of-another-tool', '\u0000'],
  ])(
    'as a signal that cannot even be read (%s) is noted, and the session goes on',
    async (encoding, text) => {
      const { held, run } = heldSession({ repeats: 1 });
      await run(async (session) => {
        await held.started;
        await place().client.workflowService.signalWorkflowExecution({
          namespace: place().namespace,
          workflowExecution: { workflowId: session.handle.workflowId },
          signalName: 'pause',
          input: { payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(text) }] },
        });
        const { notes } = await session.until(({ notes }) => notes.length > 0);
        expect(notes[0]?.text).toBe('signal pause changed nothing: pause: the payload must be a JSON object');
        held.release();
        expect((await session.finish()).outcome).toBe('completed');
      });
    },
  );

  test('as a signal of an unknown name is noted', async () => {
    const { held, run } = heldSession();
    await run(async (session) => {
      await held.started;
      await session.handle.signal('stop-everything', 1);
      const { notes } = await session.until(({ notes }) => notes.length > 0);
      expect(notes[0]?.text).toBe('signal stop-everything changed nothing: there is no such command');
    });
  });

  test('as an update is refused before it enters the history', async () => {
    const { held, run } = heldSession();
    await run(async (session) => {
      await held.started;
      expect(await session.update('purge', { repeat: 'one' })).toMatchObject({ accepted: false });
      const { events } = await session.handle.fetchHistory();
      expect(events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes)).toEqual([]);
    });
  });
});

describe('a command sent twice with the same id', () => {
  test('is answered alike and taken once, whichever door it comes through', async () => {
    const { held, run } = heldSession();
    await run(async (session) => {
      await held.started;
      const first = await session.update('pause', { id: 'same' });
      await session.update('resume');
      await session.signal('pause', { id: 'same' });
      expect(await session.update('pause', { id: 'same' })).toEqual(first);
      expect(await session.state()).toMatchObject({ pause_requested: false });
    });
  });
});
