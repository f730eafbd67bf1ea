import { describe, expect, test } from 'vitest';

import type { RunRepeatInput } from '../../../src/activities/activity-types.ts';
import type { JoinOutcome } from '../../../src/domain/pool/pool.ts';
import type { SessionPlan } from '../../../src/domain/session/session-plan.ts';
import { deferred } from '../../server/deferred.ts';
import { type PoolHost, directoryOn } from '../../server/pool-hosts.ts';
import { pooledSession } from '../../server/pooled-session.ts';
import type { RunningSession } from '../../server/running-session.ts';
import { useServer } from '../../server/test-place.ts';

const place = useServer();

/** A host that joins with so many GPUs. */
function withGpus(name: string, gpus: number): PoolHost {
  const join = ({ plan }: { plan: SessionPlan }): JoinOutcome => ({
    kind: 'joined',
    host: name,
    run_dir: directoryOn(plan, name),
    lanes: [],
    slots: 1,
    gpus,
    notes: [],
  });
  return { name, join };
}

/** Offers to the pool that nobody has answered, as the server has them. */
async function openOffers({ handle }: RunningSession): Promise<number> {
  const { raw } = await handle.describe();
  const pending = raw.pendingActivities ?? [];
  return pending.filter(({ activityType }) => activityType?.name === 'joinSession').length;
}

describe('a session of a pool that waits for a host', () => {
  test('goes on when one comes, also where its history was handed on meanwhile', async () => {
    const { plan, hosts, run } = pooledSession(
      place(),
      { repeats: 1 },
      { change: (plan) => ({ ...plan, continue_as_new_events: 12 }) },
    );
    await run(async (session) => {
      await session.until((state) => state.phase.kind === 'blocked');
      // Parked with the log line written, it hands its history on; what comes next starts out parked.
      await expect
        .poll(async () => {
          const { raw, historyLength } = await session.handle.describe();
          return raw.pendingActivities?.length === 1 && historyLength < 12;
        })
        .toBe(true);
      expect((await session.state()).phase.kind).toBe('blocked');
      await hosts([{ name: plan.hostname }], async () => {
        await session.untilPhase('awaiting_decision');
      });
    });
  });

  test('lets refused hosts prove themselves again after `resume`', async () => {
    const { other, hosts, run } = pooledSession(place(), { repeats: 1 });
    let differs = true;
    const { join } = withGpus(other, 8);
    const host: PoolHost = {
      name: other,
      join: (input) =>
        differs || join === undefined
          ? { kind: 'refused', host: other, reasons: ['HEAD moved'] }
          : join(input),
    };
    await run(async (session) => {
      await hosts([host], async () => {
        const { phase } = await session.until((state) => state.phase.kind === 'blocked');
        expect(phase).toHaveProperty('reason', expect.stringContaining(`(refused: ${other}: HEAD moved)`));
        differs = false;
        const message = 'resumed: the refused hosts may prove themselves again';
        expect(await session.update('resume')).toEqual({ accepted: true, message });
        await session.untilPhase('awaiting_decision');
      });
    });
  });

  test('says so when no lane of its hosts is large enough', async () => {
    const { plan, other, hosts, run } = pooledSession(
      place(),
      { repeats: 1 },
      { change: (plan) => ({ ...plan, units: plan.units.map((unit) => ({ ...unit, gpus: 4 })) }) },
    );
    await run(async (session) => {
      await hosts([withGpus(other, 2)], async () => {
        const { phase } = await session.until((state) => state.phase.kind === 'blocked');
        expect(phase).toMatchObject({
          cause: 'no-worker',
          reason: expect.stringContaining('has a lane with GPUs enough') as string,
        });
        await hosts([withGpus(plan.hostname, 4)], async () => {
          await session.untilPhase('awaiting_decision');
        });
      });
    });
  });

  test('takes a purge meanwhile', async () => {
    const { plan, activities, other, hosts, run } = pooledSession(place(), { repeats: 1 });
    await run(async (session) => {
      await hosts([{ name: other }], async () => {
        await session.untilPhase('awaiting_decision');
      });
      await session.update('purge', { stage: 'alpha_wer', repeat: 1 });
      await session.until((state) => state.phase.kind === 'blocked');
      expect(await session.update('purge', { stage: 'beta_wer', repeat: 1 })).toMatchObject({
        accepted: true,
      });
      expect((await session.state()).phase.kind).toBe('blocked');
      await hosts([{ name: plan.hostname }], async () => {
        await session.untilPhase('awaiting_decision');
      });
    });
    expect(activities.launches).toHaveLength(5);
  });
});

describe('a session of a pool that is aborted', () => {
  test('ends at once while it waits for a host, the offer taken back', async () => {
    const { run } = pooledSession(place(), { repeats: 1 });
    await run(async (session) => {
      await session.until((state) => state.phase.kind === 'blocked');
      await session.update('abort', { reason: 'enough' });
      expect(await session.result()).toMatchObject({ outcome: 'aborted', message: 'enough' });
      expect(await openOffers(session)).toBe(0);
    });
  });
});

describe('a session of a pool that launches nothing', () => {
  test('asks no host while it is paused, and asks again afterwards', async () => {
    const { plan, hosts, run } = pooledSession(place(), { repeats: 1 });
    await run(async (session) => {
      await session.until((state) => state.pool !== undefined);
      await expect.poll(() => openOffers(session)).toBe(1);
      await session.update('pause');
      await expect.poll(() => openOffers(session)).toBe(0);
      await session.update('resume');
      await hosts([{ name: plan.hostname }], async () => {
        await session.untilPhase('awaiting_decision');
      });
    });
  });
});

describe('a host that is given up with two repeats', () => {
  test('delivers the one that it works on, the other is run elsewhere', async () => {
    const { plan, activities, home, other, hosts, run } = pooledSession(place(), { repeats: 1 });
    const held = deferred();
    let asked = 0;
    const late: PoolHost = {
      name: other,
      join: ({ plan }) => {
        asked += 1;
        const run_dir = directoryOn(plan, other);
        return asked === 1
          ? { kind: 'joined', host: other, run_dir, lanes: [], slots: 2, gpus: 8, notes: [] }
          : { kind: 'refused', host: other, reasons: ['HEAD moved'] };
      },
      takes: 1,
      mute: true,
      repeat: async (input: RunRepeatInput) => {
        await held.promise;
        return await activities.runRepeat(input);
      },
    };
    await run(async (session) => {
      await hosts([late], async () => {
        const { active } = await session.until(({ pool }) => pool?.hosts[other]?.state === 'refused');
        expect(active.map(({ host }) => host)).toEqual([other]);
        await hosts([{ name: plan.hostname }], async () => {
          await session.until(
            ({ marks }) => Object.values(marks).filter((mark) => mark === 'd').length === 2,
          );
          held.resolve();
          await session.untilPhase('awaiting_decision');
        });
      });
    });
    expect(home.records).toHaveLength(1);
    expect(new Set(activities.launches).size).toBe(3);
    expect(activities.launches).toHaveLength(3);
  });
});
