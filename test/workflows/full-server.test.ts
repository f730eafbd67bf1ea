import { describe, expect, test } from 'vitest';

import { searchAttributeNames } from '../../src/workflows/messages.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { endings, heldRepeat } from '../server/stand-in-activities.ts';
import { useServer } from '../server/test-place.ts';

const place = useServer();

describe('a session on a full Temporal server', () => {
  test('shows its phase as a search attribute where the server knows calib’s', async () => {
    const { run } = scriptedSession(place(), {
      repeats: 1,
      change: (plan) => ({ ...plan, search_attributes: true }),
    });
    await run(async (session) => {
      await session.finish();
      const { searchAttributes } = await session.handle.describe();
      expect(searchAttributes[searchAttributeNames.state]).toEqual(['completed']);
    });
  });

  test('is decided by an update, answered with what was changed', async () => {
    const { run } = scriptedSession(place(), { repeats: 1, lanes: 2 }, () => ({
      applyThresholds: () => ({ kind: 'applied', edits: 1, summary: ['tests/limits.py:WER_MAX = 0.04'] }),
    }));
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      expect(await session.update('purge', { stage: 'alpha_wer', repeat: 1 })).toMatchObject({
        accepted: true,
      });
      await session.untilPhase('awaiting_decision');
      expect(await session.update('apply', { mode: 'full' })).toEqual({
        accepted: true,
        message: 'tests/limits.py:WER_MAX = 0.04',
      });
      expect(await session.result()).toMatchObject({ outcome: 'completed', applied: 1 });
    });
  });

  test('tells a running repeat of its abort, and ends after it', async () => {
    const held = heldRepeat(endings.partial(scriptedSession(place()).plan));
    const { run } = scriptedSession(place(), {}, () => ({ repeats: { 'test_alpha_ci#1': [held.script] } }));
    await run(async (session) => {
      await held.started;
      await session.update('abort', { reason: 'wrong model' });
      await held.cancelled;
      expect(await session.result()).toMatchObject({ outcome: 'aborted', message: 'wrong model' });
    });
  });
});
