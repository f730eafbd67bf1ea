import { expect, it, vi } from 'vitest';

import { createProgressDisplay } from '../../src/cli/commands/watch/progress.ts';
import { initialState } from '../../src/domain/session/session-state.ts';
import { sampleSessionPlan } from '../domain/session/sample-session-plan.ts';

/** How many lines are printed when nothing changes for three minutes, looked at every second. */
function linesInThreeMinutes(progressSeconds?: number): number {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const sample = sampleSessionPlan();
  const policies = progressSeconds === undefined ? {} : { progress_s: progressSeconds };
  const plan = { ...sample, policies: { ...sample.policies, ...policies } };
  const state = initialState(plan, '2026-01-01T00:00:00Z');
  const display = createProgressDisplay(true);
  for (let second = 0; second < 180; second += 1) {
    display.show({ plan, state, live: [], now: new Date(1_767_225_600_000 + second * 1000) });
  }
  display.close();
  const lines = written.mock.calls.length;
  written.mockRestore();
  return lines;
}

it('a session in which nothing changes is still heard of every minute', () => {
  expect(linesInThreeMinutes()).toBe(3);
});

it('a host profile may want to hear more often, never less often', () => {
  expect(linesInThreeMinutes(30)).toBe(6);
  expect(linesInThreeMinutes(120)).toBe(3);
});
