import { describe, expect, test } from 'vitest';

import { WorkflowNotFoundError } from '@temporalio/client';

import { scriptedSession } from '../server/scripted-session.ts';
import { heldRepeat } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();

describe('a session in which nothing goes wrong', () => {
  test('runs repeat 1 of all units before repeat 2 of any', async () => {
    const { activities, run } = scriptedSession(place());
    await run((session) => session.finish());
    expect(activities.launches).toEqual([
      'test_alpha_ci#1',
      'test_beta_ci#1',
      'test_alpha_ci#2',
      'test_beta_ci#2',
    ]);
  });

  test('opens the directory, checks, calibrates, reports and applies, in this order', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 });
    await run((session) => session.finish());
    expect(activities.calls).toEqual([
      'openSession',
      'precheck',
      'runRepeat test_alpha_ci#1',
      'runRepeat test_beta_ci#1',
      'writeReport',
      'applyThresholds report',
    ]);
  });

  test('never runs more repeats at once than there are lanes', async () => {
    const units = ['a', 'b', 'c', 'd', 'e'].map((namespace) => ({ namespace, stages: [`${namespace}_wer`] }));
    const { activities, run } = scriptedSession(place(), { units, lanes: 2 });
    await run((session) => session.finish());
    expect(activities.mostRunning).toBeLessThanOrEqual(2);
    expect(activities.launches).toHaveLength(10);
  });

  test('with two lanes starts repeat 2 of no unit before repeat 1 of all has ended', async () => {
    const slow = heldRepeat((input) => activities.complete(input));
    const { activities, run } = scriptedSession(place(), { lanes: 2 }, () => ({
      repeats: { 'test_alpha_ci#1': [slow.script] },
    }));
    await run(async (session) => {
      await session.until((state) => state.marks['test_beta_ci'] === 'd.' && state.active.length === 1);
      expect(activities.launches.toSorted()).toEqual(['test_alpha_ci#1', 'test_beta_ci#1']);
      slow.release();
      await session.finish();
    });
  });

  test('answers status, strict-audit, plan and units from its own state', async () => {
    const { plan, run } = scriptedSession(place());
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      expect(await session.status()).toMatchObject({
        complete: true,
        strict_ready: '3/3',
        state: 'awaiting_decision',
        run_dir: plan.run_dir,
        halt: null,
        budget: { attempts_per_pass: 2, max_passes: 3, pass: 1, launches: 4, open: [] },
        eta_s: 0,
      });
      expect(await session.audit()).toMatchObject({ strict_complete: true, git_provenance: { ok: true } });
      expect(await session.plan()).toEqual(plan);
      expect(await session.units()).toMatchObject([
        { namespace: 'test_alpha_ci', repeats: ['done', 'done'], mean_s: 60 },
        { namespace: 'test_beta_ci', repeats: ['done', 'done'], mean_s: 60 },
      ]);
    });
  });

  test('ends with a result that names commit, run directory and report', async () => {
    const { plan, run } = scriptedSession(place());
    const result = await run((session) => session.finish());
    expect(result).toEqual({
      outcome: 'completed',
      message: 'report only, no file edited',
      run_dir: plan.run_dir,
      git_sha: plan.git_sha,
      report: `${plan.run_dir}/report.md`,
      applied: 0,
      changes: ['nothing'],
    });
  });

  test('keeps the units’ pytest time for the ETA while it runs', async () => {
    const { run } = scriptedSession(place(), { repeats: 3 }, (plan) => ({
      repeats: {
        'test_alpha_ci#2': [
          heldRepeat(() => ({ kind: 'complete', cells: {}, launches: 1, duration_s: 1, lane: null })).script,
        ],
      },
      precheck: () => ({ ok: true, errors: [], warnings: [`${plan.repeats} repeats`] }),
    }));
    await run(async (session) => {
      await session.until((state) => state.active[0]?.repeat === 2);
      expect((await session.status()).eta_s).toBe(4 * 60);
    });
  });
});

describe('handlers', () => {
  test('answer queries and commands before the first activity has begun', async () => {
    const { run } = scriptedSession(place(), { unpolled: ['home'] });
    await run(async (session) => {
      expect((await session.status()).state).toBe('opening');
      expect(await session.update('pause')).toMatchObject({ accepted: true });
      expect(await session.update('resume')).toMatchObject({ accepted: true });
      expect(await session.update('apply', { mode: 'report' })).toMatchObject({ accepted: false });
    });
  });

  test('take no command once the session has ended', async () => {
    const { run } = scriptedSession(place(), { repeats: 1 });
    await run(async (session) => {
      await session.finish();
      await expect(session.update('pause')).rejects.toThrow(WorkflowNotFoundError);
    });
  });
});
