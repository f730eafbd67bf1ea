import { describe, expect, test } from 'vitest';

import { scriptedSession } from '../server/scripted-session.ts';
import { type RepeatScript, endings } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();

/** Every call of a repeat ends the same way. */
const always = (script: RepeatScript): RepeatScript[] => Array.from({ length: 50 }, () => script);

describe('an infra failure', () => {
  test('that used up the pass’s attempts leaves the cell for the next pass', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.exhausted(plan)] },
    }));
    await run((session) => session.finish());
    expect(activities.launches).toEqual(['test_alpha_ci#1', 'test_beta_ci#1', 'test_alpha_ci#1']);
    expect(activities.inputs.map(({ pass }) => pass)).toEqual([1, 1, 2]);
  });
});

describe('a failed threshold assertion', () => {
  test('is a complete observation and is never run again', async () => {
    // pytest's exit code is no business of the workflow: complete metrics are all that counts.
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: {
        'test_alpha_ci#1': [
          () => ({
            kind: 'complete',
            cells: { alpha_wer: { symbol: '✓', reason: '' }, alpha_speed: { symbol: '✓', reason: '' } },
            launches: 1,
            duration_s: 10,
            lane: plan.hostname,
          }),
        ],
      },
    }));
    const result = await run((session) => session.finish());
    expect(result.outcome).toBe('completed');
    expect(activities.launches).toEqual(['test_alpha_ci#1', 'test_beta_ci#1']);
  });
});

describe('an incomplete repeat', () => {
  test('is retried in place before any other repeat is launched', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.partial(plan)] },
    }));
    await run((session) => session.finish());
    expect(activities.launches).toEqual(['test_alpha_ci#1', 'test_alpha_ci#1', 'test_beta_ci#1']);
  });

  test('gives way when its attempts are spent, although each launch counts only itself', async () => {
    const { activities, run } = scriptedSession(place(), { repeats: 1 }, (plan) => ({
      repeats: { 'test_alpha_ci#1': [endings.partial(plan), endings.partial(plan, 'other')] },
    }));
    await run((session) => session.finish());
    expect(activities.launches).toEqual([
      'test_alpha_ci#1',
      'test_alpha_ci#1',
      'test_beta_ci#1',
      'test_alpha_ci#1',
    ]);
    expect(activities.log).toContain('completeness after pass 1: 1/3 stage-runs complete');
  });

  test('shows its latest cells in the matrix while it is retried', async () => {
    const { run } = scriptedSession(
      place(),
      { repeats: 1, policies: { attempts_per_pass: 1, max_passes: 1 } },
      (plan) => ({ repeats: { 'test_alpha_ci#1': always(endings.partial(plan)) } }),
    );
    await run(async (session) => {
      await session.untilPhase('blocked');
      expect((await session.audit()).stages).toMatchObject([
        { stage_key: 'alpha_wer', cells: ['△'] },
        { stage_key: 'alpha_speed', cells: ['△'] },
        { stage_key: 'beta_accuracy', cells: ['✓'] },
      ]);
    });
  });
});

describe('a spent budget', () => {
  test('blocks the session after max-passes, saying which repeats are missing and why', async () => {
    const { activities, run } = scriptedSession(
      place(),
      { repeats: 1, policies: { attempts_per_pass: 1, max_passes: 2 } },
      (plan) => ({ repeats: { 'test_alpha_ci#1': always(endings.exhausted(plan)) } }),
    );
    await run(async (session) => {
      const { phase } = await session.untilPhase('blocked');
      expect(phase).toMatchObject({
        cause: 'budget-spent',
        reason: '1 repeat(s) could not be completed: test_alpha_ci#1 (OOM)',
      });
      const { halt, budget } = await session.status();
      expect(halt?.text).toMatch(/^BUDGET SPENT since /);
      expect(budget?.open).toEqual([
        {
          namespace: 'test_alpha_ci',
          k: 1,
          reason: 'OOM',
          launches: 2,
          passes_alike: 2,
          launches_left: 0,
        },
      ]);
    });
    expect(activities.launches).toHaveLength(3);
  });

  test('is given up early, as a state of its own, where the reason is the same in pass after pass', async () => {
    const { activities, run } = scriptedSession(
      place(),
      { repeats: 1, policies: { attempts_per_pass: 1, max_passes: 10 } },
      (plan) => ({ repeats: { 'test_alpha_ci#1': always(endings.exhausted(plan)) } }),
    );
    await run(async (session) => {
      const { phase } = await session.untilPhase('blocked');
      expect(phase).toMatchObject({ cause: 'same-failure' });
      expect((await session.status()).halt?.text).toMatch(/^REPEATED FAILURE/);
    });
    expect(activities.launches.filter((key) => key === 'test_alpha_ci#1')).toHaveLength(3);
  });

  test('is fresh after resume, in a pass that no attempt on disk has counted against', async () => {
    const { activities, run } = scriptedSession(
      place(),
      { repeats: 1, policies: { attempts_per_pass: 1, max_passes: 2 } },
      (plan) => ({
        repeats: { 'test_alpha_ci#1': [1, 2, 3].map(() => endings.exhausted(plan)) },
      }),
    );
    await run(async (session) => {
      await session.untilPhase('blocked');
      expect(await session.update('resume')).toMatchObject({ accepted: true });
      await session.finish();
    });
    const passes = activities.inputs.filter(({ namespace }) => namespace === 'test_alpha_ci');
    expect(passes.map(({ pass }) => pass)).toEqual([1, 2, 3, 4]);
  });
});
