import { describe, expect, test } from 'vitest';

import type { Lane, LaneTry } from '../../src/domain/lanes/lanes.ts';
import { type ScriptedOptions, scriptedSession } from '../server/scripted-session.ts';
import { type RepeatScript, type StandInActivities, heldRepeat } from '../server/stand-in-activities.ts';
import { useTimeSkippingServer } from '../server/test-place.ts';

const { place } = useTimeSkippingServer();

const laneTable: Lane[] = [
  { name: 'lane0', gpus: [0, 1] },
  { name: 'lane1', gpus: [2, 3] },
];
const units = ['alpha', 'beta', 'gamma'].map((name) => ({
  namespace: `test_${name}_ci`,
  stages: [`${name}_wer`],
  gpus: 1,
}));
const onTwoLanes: ScriptedOptions = { laneTable, units, knownDurations: {}, repeats: 2 };

/** Ends as the host would: on the first lane of its input. */
function onFirstLane(activities: () => StandInActivities, tries: Partial<LaneTry>[] = [{}]): RepeatScript {
  return (input) => {
    const lane = input.lanes?.[0]?.name ?? 'none';
    return {
      ...activities().complete(input),
      lane: `gpu-1/${lane}`,
      tries: tries.map((each, index) => ({
        n: index + 1,
        lane,
        failed: false,
        dirty: false,
        reason: '',
        ...each,
      })),
    };
  };
}

describe('a session on declared lanes', () => {
  test('gives each repeat its lanes, two at a time, and spreads a unit over them', async () => {
    const { activities, run } = scriptedSession(place(), onTwoLanes, (plan) => ({
      repeats: Object.fromEntries(
        plan.units.flatMap(({ namespace }) =>
          [1, 2].map((repeat) => [`${namespace}#${repeat}`, [onFirstLane(() => activities)]]),
        ),
      ),
    }));
    await run((session) => session.untilPhase('awaiting_decision'));
    expect(activities.mostRunning).toBeLessThanOrEqual(2);
    expect(activities.inputs.every(({ lanes }) => lanes?.length === 2)).toBe(true);
    const alpha = activities.inputs.filter(({ namespace }) => namespace === 'test_alpha_ci');
    expect(alpha.map(({ lanes }) => lanes?.[0]?.name ?? '').toSorted()).toEqual(['lane0', 'lane1']);
  });

  test('names them while they are taken', async () => {
    const held = heldRepeat((input) => activities.complete(input));
    const { activities, run } = scriptedSession(place(), onTwoLanes, () => ({
      repeats: { 'test_beta_ci#1': [held.script] },
    }));
    await run(async (session) => {
      await session.until(({ marks }) => marks['test_alpha_ci'] === 'd.' && marks['test_gamma_ci'] === 'd.');
      const status = await session.status();
      expect(status.active).toMatchObject([{ namespace: 'test_beta_ci', lane: 'lane1' }]);
      expect(status.lanes?.map(({ name, state }) => [name, state])).toEqual([
        ['lane0', 'free'],
        ['lane1', 'taken'],
      ]);
      held.release();
      await session.untilPhase('awaiting_decision');
    });
  });

  test('leaves a lane alone whose GPUs stay dirty, says so, and finishes on the other', async () => {
    const dirty: Partial<LaneTry>[] = [
      { lane: 'lane0', failed: true, dirty: true, reason: 'GPU memory not released after run' },
      { n: 2, lane: 'lane1' },
    ];
    const { activities, run } = scriptedSession(place(), onTwoLanes, () => ({
      repeats: { 'test_alpha_ci#1': [onFirstLane(() => activities, dirty)] },
    }));
    const line = 'lane lane0 is quarantined: GPU memory not released after run; `resume` brings it back';
    await run(async (session) => {
      const { notes } = await session.untilPhase('awaiting_decision');
      expect(notes.map(({ text }) => text)).toEqual([line]);
    });
    expect(activities.log).toContain(`⚠ ${line}`);
    const later = activities.inputs.filter(({ repeat }) => repeat === 2);
    expect(later.map(({ lanes }) => lanes?.map(({ name }) => name))).toEqual([
      ['lane1'],
      ['lane1'],
      ['lane1'],
    ]);
  });

  test('blocks with their names when all are quarantined, until `resume`', async () => {
    const dirty = (lane: string): Partial<LaneTry>[] => [
      { lane, failed: true, dirty: true, reason: `${lane} is dirty` },
    ];
    const { activities, run } = scriptedSession(place(), onTwoLanes, () => ({
      repeats: {
        'test_alpha_ci#1': [onFirstLane(() => activities, dirty('lane0'))],
        'test_beta_ci#1': [onFirstLane(() => activities, dirty('lane1'))],
        'test_gamma_ci#1': [onFirstLane(() => activities, dirty('lane1'))],
      },
    }));
    await run(async (session) => {
      const { phase } = await session.untilPhase('blocked');
      expect(phase).toMatchObject({ cause: 'no-lane' });
      expect(phase).toHaveProperty(
        'reason',
        expect.stringMatching(/^quarantined lanes: .*lane1 is dirty.*cannot run$/),
      );
      expect(await session.update('resume')).toMatchObject({ accepted: true });
      const { notes } = await session.untilPhase('awaiting_decision');
      expect(notes.map(({ text }) => text)).toContain('back in service: lane lane0, lane1');
    });
  });
});
