import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';

import type { SessionPlan } from '../../src/domain/session/session-plan.ts';
import { failureTypes } from '../../src/domain/session/session-state.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { endings, heldRepeat } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();

const smoke = { repeats: 1, change: (plan: SessionPlan): SessionPlan => ({ ...plan, purpose: 'smoke' }) };

describe('a smoke', () => {
  test('launches every unit once, whatever that shows, and ends by itself with what it saw', async () => {
    const { activities, run } = scriptedSession(place(), smoke, (plan) => ({
      repeats: {
        'test_alpha_ci#1': [endings.seen(true, ['pytest passed after 12 s'])],
        'test_beta_ci#1': [endings.halt(plan, 'HEAD moved')],
      },
    }));
    const result = await run((session) => session.result());
    expect(activities.calls).toEqual([
      'openSession',
      'precheck',
      'runRepeat test_alpha_ci#1',
      'runRepeat test_beta_ci#1',
    ]);
    expect(result).toMatchObject({
      outcome: 'completed',
      message: 'smoke: 1 of 2 units measured in full; nothing is recorded as a calibration',
      report: null,
      applied: 0,
    });
    expect(activities.log).toEqual(
      expect.arrayContaining([
        '✓ test_alpha_ci',
        '    pytest passed after 12 s',
        '✗ test_beta_ci',
        '    not launched: HEAD moved',
      ]),
    );
  });

  test('goes on to the next unit when an activity fails for good', async () => {
    const { activities, run } = scriptedSession(place(), smoke, () => ({
      repeats: {
        'test_alpha_ci#1': [
          () => {
            throw ApplicationFailure.nonRetryable('no such unit', failureTypes.invalid);
          },
        ],
        'test_beta_ci#1': [endings.seen(true, [])],
      },
    }));
    const { message } = await run((session) => session.result());
    expect(message).toContain('1 of 2 units');
    expect(activities.log).toContain('    failed: no such unit');
  });

  test('counts nothing into the matrix, takes no purge and no decision, and can be aborted', async () => {
    const held = heldRepeat(endings.seen(true, []));
    const { run } = scriptedSession(place(), smoke, () => ({
      repeats: { 'test_alpha_ci#1': [endings.seen(true, [])], 'test_beta_ci#1': [held.script] },
    }));
    const result = await run(async (session) => {
      await session.until(({ marks }) => marks['test_beta_ci'] === 'r');
      expect((await session.state()).symbols).toEqual({
        alpha_wer: '—',
        alpha_speed: '—',
        beta_accuracy: '—',
      });
      const purge = await session.update('purge', { stage: 'alpha_wer', repeat: 1 });
      expect(purge).toMatchObject({ accepted: false, message: expect.stringContaining('a smoke') as string });
      expect(await session.update('apply', { mode: 'report' })).toMatchObject({ accepted: false });
      await session.update('abort', { reason: 'enough' });
      return await session.result();
    });
    expect(result).toMatchObject({ outcome: 'aborted', message: 'enough' });
  });
});
