import { WorkflowFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';

import { failureTypes } from '../../src/domain/session/session-state.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { endings } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();

describe('a session ends as failed, launching nothing,', () => {
  test('when the precheck finds something wrong', async () => {
    const { activities, run } = scriptedSession(place(), {}, () => ({
      precheck: () => ({ ok: false, errors: ['HEAD moved', 'no jiwer in the venv'], warnings: [] }),
    }));
    const result = await run((session) => session.result());
    expect(result).toMatchObject({
      outcome: 'failed',
      message: 'precheck failed: HEAD moved; no jiwer in the venv',
      report: null,
    });
    expect(activities.calls).toEqual(['openSession', 'precheck']);
    expect(activities.log).toEqual(['session failed: precheck failed: HEAD moved; no jiwer in the venv']);
  });

  test('when the precheck cannot be carried out', async () => {
    const { run } = scriptedSession(place(), {}, () => ({
      precheck: () => {
        throw ApplicationFailure.nonRetryable('/srv/speech is no checkout', failureTypes.invalid);
      },
    }));
    const result = await run((session) => session.result());
    expect(result).toMatchObject({ outcome: 'failed', message: '/srv/speech is no checkout' });
  });

  test('when the run directory cannot be opened', async () => {
    const { activities, run } = scriptedSession(place(), {}, () => ({
      openSession: () => {
        throw ApplicationFailure.nonRetryable('the run directory belongs to another session', 'InvalidInput');
      },
    }));
    const result = await run((session) => session.result());
    expect(result).toMatchObject({
      outcome: 'failed',
      message: 'the run directory belongs to another session',
    });
    expect(activities.log).toEqual([]);
  });
});

describe('a session', () => {
  test('that continues a directory runs only what is not valid there', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, () => ({
      openSession: () => {
        activities.repair('test_alpha_ci', 1);
        return activities.audit();
      },
    }));
    await run((session) => session.finish());
    expect(activities.launches).toEqual(['test_beta_ci#1']);
    expect(activities.log[0]).toBe('[test_alpha_ci] run 1/1 skipped (complete, 2 stage(s))');
  });

  test('that continues a directory has its whole budget, whatever earlier sessions spent there', async () => {
    const { activities, run } = scriptedSession(
      place(),
      { repeats: 1, policies: { attempts_per_pass: 1, max_passes: 2 } },
      (plan) => ({
        openSession: () => ({ ...activities.audit(), last_pass: 5 }),
        repeats: { 'test_alpha_ci#1': [endings.exhausted(plan)] },
      }),
    );
    await run(async (session) => {
      await session.finish();
    });
    expect(activities.inputs.map(({ pass }) => pass)).toEqual([6, 6, 7]);
    expect(activities.log).toContain('=== calibration pass 2/2: retry test_alpha_ci run 1 ===');
  });

  test('whose directory is complete already goes straight to the report', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, () => ({
      openSession: () => {
        activities.repair('test_alpha_ci', 1);
        activities.repair('test_beta_ci', 1);
        return activities.audit();
      },
    }));
    await run((session) => session.finish());
    expect(activities.launches).toEqual([]);
  });

  test('started by hand without a plan fails with a message, instead of failing its task for ever', async () => {
    const { run } = scriptedSession(place(), {
      change: (plan) => ({ ...plan, git_sha: 'HEAD' }),
    });
    await run(async (session) => {
      const failed = await session.result().catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(WorkflowFailedError);
      expect((failed as WorkflowFailedError).cause?.message).toBe(
        "not a session's plan: git_sha: a full commit hash (start sessions with `calib start`)",
      );
    });
  });
});
