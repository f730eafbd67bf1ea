import { expect, test } from 'vitest';
import { z } from 'zod';

import type { RunningSession } from '../server/running-session.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { heldRepeat } from '../server/stand-in-activities.ts';
import { useServer } from '../server/test-place.ts';

const place = useServer();

const metadataSchema = z.object({ definition: z.unknown(), currentDetails: z.string() });

async function detailsOf(session: RunningSession): Promise<string> {
  return metadataSchema.parse(await session.handle.query('__temporal_workflow_metadata')).currentDetails;
}

test('the Web UI reads the session as it is at that moment, and what it came to once it has ended', async () => {
  const held = heldRepeat((input) => activities.complete(input));
  const { activities, run } = scriptedSession(place(), { repeats: 1 }, () => ({
    repeats: { 'test_beta_ci#1': [held.script] },
  }));
  await run(async (session) => {
    const details = () => detailsOf(session);
    await session.until((state) => state.marks['test_alpha_ci'] === 'd' && state.active.length === 1);
    expect(await details()).toMatch(/2\/3 cells strict ✓.*\n\n- running: test\\?_beta\\?_ci · repeat 1\/1/);
    held.release();
    await session.finish();
    const ended = await details();
    expect(ended).toContain('3/3 cells strict ✓');
    expect(ended).toContain('completed');
  });
});

test('each of several sessions that one worker runs is read as it is itself', async () => {
  const [first, second] = ['first', 'second'].map((name) =>
    scriptedSession(place(), {
      repeats: 1,
      id: name,
      units: [{ namespace: `test_${name}_ci`, stages: [`${name}_wer`] }],
    }),
  );
  await first?.run(async (one) => {
    await one.untilPhase('awaiting_decision');
    await second?.run(async (two) => {
      await two.untilPhase('awaiting_decision');
      expect(await detailsOf(one)).toContain('first');
      expect(await detailsOf(one)).not.toContain('second');
      expect(await detailsOf(two)).toContain('second');
      await two.finish();
    });
    await one.finish();
  });
});
