import { describe, expect, test } from 'vitest';

import { runId, untilHandedOn } from '../server/hand-on.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { endings } from '../server/stand-in-activities.ts';
import { useServer } from '../server/test-place.ts';

const place = useServer();
const shortHistories = { change: <T>(plan: T) => ({ ...plan, continue_as_new_events: 40 }) };
const one = { units: [{ namespace: 'test_alpha_ci', stages: ['alpha_wer'] }], repeats: 1 };

describe('a history that has grown long', () => {
  test('is handed on while commands arrive, and none of them is lost or taken twice', async () => {
    const { activities, run } = scriptedSession(place(), { ...shortHistories, repeats: 6 });
    const ids: string[] = [];
    const accepted: string[] = [];
    const command = (door: string, kind: string) => {
      const id = `${kind}-by-${door}-${ids.length}`;
      ids.push(id);
      return { id };
    };
    await run(async (session) => {
      const first = await runId(session);
      const updated = async (kind: 'pause' | 'resume') => {
        const payload = command('update', kind);
        if ((await session.update(kind, payload)).accepted) accepted.push(payload.id);
      };
      for (let round = 0; round < 6; round += 1) {
        await Promise.all([
          session.signal('pause', command('signal', 'pause')),
          updated('pause'),
          session.signal('resume', command('signal', 'resume')),
        ]);
        await updated('resume');
      }
      await session.update('resume');
      const state = await session.untilPhase('awaiting_decision');
      expect(await runId(session)).not.toBe(first);
      const known = state.replies.map(({ id }) => id);
      // Refused updates never enter the history; they are the caller's to know.
      const taken = [...accepted, ...ids.filter((id) => id.includes('-by-signal-'))];
      expect(taken.filter((id) => !known.includes(id))).toEqual([]);
      expect(new Set(known).size).toBe(known.length);
      expect((await session.finish()).outcome).toBe('completed');
    });
    expect(activities.launches).toHaveLength(12);
    expect(new Set(activities.launches).size).toBe(12);
  });

  test('takes purges along and runs each purged repeat once more', async () => {
    const { activities, run } = scriptedSession(place(), { ...shortHistories, repeats: 5 });
    await run(async (session) => {
      await session.until(({ marks }) => marks['test_beta_ci']?.startsWith('d') === true);
      const replies = await Promise.all(
        ['alpha_wer', 'beta_accuracy'].map((stage) => session.update('purge', { stage, repeat: 1 })),
      );
      expect(replies.map(({ accepted }) => accepted)).toEqual([true, true]);
      const state = await session.untilPhase('awaiting_decision');
      expect(state.discarded).toBe(2);
      await session.finish();
    });
    expect(activities.launches.filter((key) => key.endsWith('#1'))).toHaveLength(4);
    expect(activities.launches).toHaveLength(12);
  });

  test('keeps a halted session halted for the same cause, and resume works there', async () => {
    const { run } = scriptedSession(place(), { ...shortHistories, ...one }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan, 'no results.json')] },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      await untilHandedOn(session);
      const { phase } = await session.untilPhase('halted');
      expect(phase).toMatchObject({ cause: { text: 'no results.json' } });
      await session.update('resume');
      expect((await session.finish()).outcome).toBe('completed');
    });
  });

  test('keeps a session waiting for its decision, without running anything again', async () => {
    const { activities, run } = scriptedSession(place(), { ...shortHistories, ...one });
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      await untilHandedOn(session);
      expect((await session.finish()).outcome).toBe('completed');
    });
    expect(activities.launches).toHaveLength(1);
    expect(activities.calls.filter((call) => call === 'openSession')).toHaveLength(1);
  });
});
