import { describe, expect, test } from 'vitest';

import { withWorkers } from '../server/running-session.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { useServer } from '../server/test-place.ts';

const place = useServer();
const one = {
  units: [{ namespace: 'test_alpha_ci', stages: ['alpha_wer'] }],
  repeats: 1,
  policies: { worker_wait_s: 0.3 },
};

describe('a host queue that no worker polls', () => {
  test('is a state of its own that names queue, host and command, and ends by itself when a worker comes', async () => {
    const { plan, activities, run } = scriptedSession(place(), { ...one, unpolled: ['home', 'repeats'] });
    await run(async (session) => {
      await session.until(({ phase }) => phase.kind === 'blocked');
      const { state, halt } = await session.status();
      expect(state).toBe('blocked');
      expect(halt?.text).toContain(`no worker polls task queue ${plan.task_queues.home} (gpu-1)`);
      expect(halt?.text).toMatch(/^NO WORKER since .*start `calib worker` there/);
      expect(await session.update('resume')).toEqual({
        accepted: true,
        message:
          'the session resumes automatically: start one on that host with `calib worker` (or `calib up`)',
      });
      await withWorkers({ place: place(), plan, activities }, async () => {
        expect((await session.finish()).outcome).toBe('completed');
      });
    });
  });

  test('during a repeat is told apart from lanes that work for other sessions', async () => {
    const { plan, activities, run } = scriptedSession(place(), { ...one, unpolled: ['repeats'] });
    await run(async (session) => {
      const state = await session.until(
        ({ active }) => active[0]?.waits_for !== null && activities.log.length > 0,
      );
      expect(state.active[0]?.waits_for).toContain(`a free lane of task queue ${plan.task_queues.repeats}`);
      expect(state.phase.kind).toBe('calibrating');
      expect(activities.log[0]).toBe(
        `waiting: [test_alpha_ci] run 1/1 needs a free lane of task queue ${plan.task_queues.repeats}`,
      );
      await withWorkers({ place: place(), plan, activities, unpolled: ['home'] }, async () => {
        await session.finish();
      });
    });
    expect(activities.launches).toEqual(['test_alpha_ci#1']);
  });

  test('in the middle of a session stops launching, and the repeat is run when a worker is back', async () => {
    const { plan, activities, run } = scriptedSession(place(), {
      ...one,
      repeats: 2,
      unpolled: ['home', 'repeats'],
    });
    await run(async (session) => {
      const setting = { place: place(), plan, activities };
      await withWorkers({ ...setting, unpolled: ['repeats'] }, () =>
        session.until(({ active }) => active.length === 1),
      );
      const parked = await session.until(({ phase }) => phase.kind === 'blocked');
      expect(parked).toMatchObject({ phase: { cause: 'no-worker' }, marks: { test_alpha_ci: 'r.' } });
      await withWorkers(setting, async () => {
        expect((await session.finish()).outcome).toBe('completed');
      });
    });
    expect(activities.launches).toEqual(['test_alpha_ci#1', 'test_alpha_ci#2']);
  });

  test('does not keep a session from being aborted', async () => {
    const { run } = scriptedSession(place(), { ...one, unpolled: ['home', 'repeats'] });
    await run(async (session) => {
      await session.until(({ phase }) => phase.kind === 'blocked');
      await session.update('abort');
      expect((await session.result()).outcome).toBe('aborted');
    });
  });
});
