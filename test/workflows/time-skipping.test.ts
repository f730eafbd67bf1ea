import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';

import { failureTypes } from '../../src/domain/session/session-state.ts';
import type { RunningSession } from '../server/running-session.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { type RepeatScript, endings, heldRepeat } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place, environment } = useTimeSkippingServer();
const one = { units: [{ namespace: 'test_alpha_ci', stages: ['alpha_wer'] }], repeats: 1 };

const infraFailure: RepeatScript = () => {
  throw ApplicationFailure.retryable('exit 139 (segfault)', failureTypes.infra);
};

/** Lets time pass until the decision is due, decides, and gives the result. */
async function decide(session: RunningSession) {
  await session.untilPhase('awaiting_decision');
  await session.signal('apply', { mode: 'report' });
  return await session.result();
}

describe('a session whose waiting is skipped', () => {
  test('completes on the happy path', async () => {
    const { activities, run } = scriptedSession(place());
    expect(await run(decide)).toMatchObject({ outcome: 'completed' });
    expect(activities.launches).toEqual([
      'test_alpha_ci#1',
      'test_beta_ci#1',
      'test_alpha_ci#2',
      'test_beta_ci#2',
    ]);
  });

  test('tries an infra failure again by the activity’s retry policy, with its backoff, as one activity', async () => {
    const { activities, run } = scriptedSession(
      place(),
      { ...one, policies: { retry_backoff_s: 40 } },
      () => ({ repeats: { 'test_alpha_ci#1': [infraFailure, infraFailure] } }),
    );
    await run(async (session) => {
      const before = await environment().currentTimeMs();
      await environment().sleep('3 minutes');
      expect(await decide(session)).toMatchObject({ outcome: 'completed' });
      expect((await environment().currentTimeMs()) - before).toBeGreaterThanOrEqual(100_000);
      const { events } = await session.handle.fetchHistory();
      const scheduled = (events ?? []).filter(
        (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'runRepeat',
      );
      expect(scheduled).toHaveLength(1);
    });
    expect(activities.launches).toHaveLength(3);
  });

  test('records a failed threshold assertion without running it again', async () => {
    const { activities, run } = scriptedSession(place(), one, () => ({
      repeats: {
        'test_alpha_ci#1': [
          // What the activity returns for pytest's exit code 1 with all metrics: an observation like any other.
          () => ({
            kind: 'complete',
            cells: { alpha_wer: { symbol: '✓', reason: '' } },
            launches: 1,
            duration_s: 10,
            lane: null,
          }),
        ],
      },
    }));
    expect(await run(decide)).toMatchObject({ outcome: 'completed' });
    expect(activities.launches).toHaveLength(1);
  });

  test('halts, and completes after resume days later', async () => {
    const { activities, run } = scriptedSession(place(), one, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.halt(plan)] },
    }));
    await run(async (session) => {
      await session.untilPhase('halted');
      await environment().sleep('3 days');
      expect((await session.state()).phase.kind).toBe('halted');
      await session.signal('resume');
      expect(await decide(session)).toMatchObject({ outcome: 'completed' });
    });
    expect(activities.inputs.map(({ reextract }) => reextract)).toEqual([false, true]);
  });

  test('is aborted in the middle of a repeat, which learns of it', async () => {
    const held = heldRepeat(endings.partial(scriptedSession(place(), one).plan));
    const { run } = scriptedSession(place(), one, () => ({ repeats: { 'test_alpha_ci#1': [held.script] } }));
    await run(async (session) => {
      await held.started;
      await session.signal('abort');
      await held.cancelled;
      expect(await session.result()).toMatchObject({ outcome: 'aborted' });
    });
  });

  test('waits a month for its decision', async () => {
    const { run } = scriptedSession(place(), one);
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      await environment().sleep('31 days');
      expect(await decide(session)).toMatchObject({ outcome: 'completed' });
    });
  });

  test('opens a directory whose disk is full until there is room, however long that takes', async () => {
    const { activities, run } = scriptedSession(place(), one, () => ({
      openSession: (call) => {
        if (call < 6) throw ApplicationFailure.retryable('no space left on device', failureTypes.storage);
        return activities.audit();
      },
    }));
    await run(async (session) => {
      await environment().sleep('5 minutes');
      expect(await decide(session)).toMatchObject({ outcome: 'completed' });
    });
  });
});
