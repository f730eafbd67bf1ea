import { ApplicationFailure } from '@temporalio/common';
import { describe, expect, test } from 'vitest';

import { failureTypes } from '../../src/domain/session/session-state.ts';
import { deferred } from '../server/deferred.ts';
import { scriptedSession } from '../server/scripted-session.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();
const one = { units: [{ namespace: 'test_alpha_ci', stages: ['alpha_wer'] }], repeats: 1 };

describe('the decision', () => {
  test('is answered with what was changed, and the result lists it', async () => {
    const summary = ['tests/limits.py:WER_MAX = 0.0421', 'tests/limits.py:SIM_MIN = 0.61'];
    const { activities, run } = scriptedSession(place(), one, () => ({
      applyThresholds: () => ({ kind: 'applied', edits: 2, summary }),
    }));
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      expect(await session.update('apply', { mode: 'smart', decide: { 'a.b': 'keep' } })).toEqual({
        accepted: true,
        message: summary.join('\n'),
      });
      expect(await session.result()).toMatchObject({
        outcome: 'completed',
        message: '2 literal(s) changed (smart)',
        applied: 2,
        changes: summary,
      });
    });
    expect(activities.calls.at(-1)).toBe('applyThresholds smart');
  });

  test('is taken as a signal, too', async () => {
    const { run } = scriptedSession(place(), one);
    const result = await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      await session.signal('apply', { mode: 'report' });
      return await session.result();
    });
    expect(result.outcome).toBe('completed');
  });

  test('is accepted once: another one, a purge and an abort are refused while it is carried out', async () => {
    const applying = deferred();
    const go = deferred();
    const { activities, run } = scriptedSession(place(), one, () => ({
      applyThresholds: async () => {
        applying.resolve();
        await go.promise;
        return { kind: 'applied', edits: 1, summary: ['x'] };
      },
    }));
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      const first = session.update('apply', { mode: 'full' });
      await applying.promise;
      expect(await session.update('apply', { mode: 'report' })).toEqual({
        accepted: false,
        message: 'the decision has been taken already: it is accepted once',
      });
      expect(await session.update('purge', { stage: 'alpha_wer', repeat: 1 })).toMatchObject({
        accepted: false,
      });
      expect(await session.update('abort')).toEqual({
        accepted: false,
        message: 'the decision is being carried out: wait for the end',
      });
      go.resolve();
      expect(await first).toEqual({ accepted: true, message: 'x' });
      expect((await session.result()).outcome).toBe('completed');
    });
    expect(activities.calls.filter((call) => call.startsWith('applyThresholds'))).toHaveLength(1);
  });

  test('that is refused leaves the session waiting for another one', async () => {
    const { activities, run } = scriptedSession(place(), one, () => ({
      applyThresholds: (_input, call) =>
        call === 1
          ? { kind: 'refused', reason: 'alpha_wer.value: a decision is missing' }
          : { kind: 'applied', edits: 0, summary: ['nothing'] },
    }));
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      expect(await session.update('apply', { mode: 'smart' })).toEqual({
        accepted: false,
        message: 'alpha_wer.value: a decision is missing',
      });
      const { notes } = await session.untilPhase('awaiting_decision');
      expect(notes[0]?.text).toContain('apply (smart) refused, nothing written');
      // The refused one must not stand in the way of a second of the same mode.
      expect(await session.update('apply', { mode: 'smart' })).toMatchObject({ accepted: true });
      await session.result();
    });
    expect(activities.calls.filter((call) => call === 'writeReport')).toHaveLength(1);
  });

  test('that fails for good is refused with the reason', async () => {
    const { run } = scriptedSession(place(), one, () => ({
      applyThresholds: () => {
        throw ApplicationFailure.nonRetryable(
          'tests/limits.py changed since the start',
          failureTypes.refused,
        );
      },
    }));
    await run(async (session) => {
      await session.untilPhase('awaiting_decision');
      expect(await session.update('apply', { mode: 'full' })).toEqual({
        accepted: false,
        message: 'tests/limits.py changed since the start',
      });
      await session.untilPhase('awaiting_decision');
    });
  });
});

describe('a report', () => {
  test('that is refused blocks the session until resume', async () => {
    const { run } = scriptedSession(place(), one, (plan) => ({
      writeReport: (call) =>
        call === 1
          ? { kind: 'refused', reason: 'git provenance failed' }
          : { kind: 'written', report: `${plan.run_dir}/report.md`, html: `${plan.run_dir}/report.html` },
    }));
    await run(async (session) => {
      const { phase } = await session.untilPhase('blocked');
      expect(phase).toMatchObject({
        cause: 'report',
        reason: 'the report was refused: git provenance failed',
      });
      await session.update('resume');
      expect((await session.finish()).outcome).toBe('completed');
    });
  });

  test('that cannot be written blocks the session as well', async () => {
    const { run } = scriptedSession(place(), one, () => ({
      writeReport: () => {
        throw ApplicationFailure.nonRetryable('stages.yaml is not YAML', failureTypes.invalid);
      },
    }));
    await run(async (session) => {
      const { phase } = await session.untilPhase('blocked');
      expect(phase).toMatchObject({ reason: 'the report could not be written: stages.yaml is not YAML' });
    });
  });
});
