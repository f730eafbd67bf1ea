import { expect, test } from 'vitest';

import { auditWithinBudget } from '../../../src/domain/session/state-budget.ts';
import { untilHandedOn } from '../../server/hand-on.ts';
import { scriptedSession } from '../../server/scripted-session.ts';
import { endings, StandInActivities } from '../../server/stand-in-activities.ts';
import { useServer } from '../../server/test-place.ts';

const place = useServer();
const shortHistories = { change: <T>(plan: T) => ({ ...plan, continue_as_new_events: 40 }) };

test('the largest session is handed on, and answered by queries, with every cell of the largest session given a long reason', async () => {
  const stages = Array.from({ length: 200 }, (_, n) => `stage_${n}_wer`);
  const units = [{ namespace: 'test_alpha_ci', stages }];
  const { run } = scriptedSession(place(), { ...shortHistories, units, repeats: 50 }, (plan) => {
    const cells = Array.from({ length: 50 }, (_, n) => ({
      k: n + 1,
      symbol: '✗' as const,
      reason: '東'.repeat(1000),
    }));
    const opened = new StandInActivities(plan).audit();
    return {
      openSession: () =>
        auditWithinBudget({ ...opened, cells: Object.fromEntries(stages.map((key) => [key, cells])) }),
      repeats: { 'test_alpha_ci#1': [endings.halt(plan, 'no results.json')] },
    };
  });
  await run(async (session) => {
    await session.untilPhase('halted');
    await untilHandedOn(session);
    const state = await session.untilPhase('halted');
    expect(Object.keys(state.reasons)).toHaveLength(200);
    expect(Buffer.byteLength(JSON.stringify(state))).toBeLessThan(2_000_000);
    expect((await session.update('abort')).accepted).toBe(true);
    expect((await session.result()).outcome).toBe('aborted');
  });
});
