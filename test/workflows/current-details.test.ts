import { expect, test } from 'vitest';
import { z } from 'zod';

import { scriptedSession } from '../server/scripted-session.ts';
import { heldRepeat } from '../server/stand-in-activities.ts';
import { useServer } from '../server/test-place.ts';

const place = useServer();

const metadataSchema = z.object({ definition: z.unknown(), currentDetails: z.string() });

test('the Web UI reads the session as it is at that moment, and what it came to once it has ended', async () => {
  const held = heldRepeat((input) => ({
    kind: 'complete',
    cells: Object.fromEntries(
      (input.namespace === 'test_alpha_ci' ? ['alpha_wer', 'alpha_speed'] : ['beta_accuracy']).map(
        (stage) => [stage, { symbol: '✓' as const, reason: '' }],
      ),
    ),
    launches: 1,
    duration_s: 60,
    lane: null,
  }));
  const { run } = scriptedSession(place(), { repeats: 1 }, () => ({
    repeats: { 'test_beta_ci#1': [held.script] },
  }));
  await run(async (session) => {
    const details = async () =>
      metadataSchema.parse(await session.handle.query('__temporal_workflow_metadata')).currentDetails;
    await session.until((state) => state.marks['test_alpha_ci'] === 'd' && state.active.length === 1);
    expect(await details()).toMatch(/2\/3 cells strict ✓.*\n\n- running: test\\?_beta\\?_ci · repeat 1\/1/);
    held.release();
    await session.finish();
    const ended = await details();
    expect(ended).toContain('3/3 cells strict ✓');
    expect(ended).toContain('completed');
  });
});
