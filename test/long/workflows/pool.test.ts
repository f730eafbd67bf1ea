import { ApplicationFailure } from '@temporalio/activity';
import { describe, expect, test } from 'vitest';

import type { PooledOutcome, RunRepeatInput } from '../../../src/activities/activity-types.ts';
import { deferred } from '../../server/deferred.ts';
import { type PoolHost, directoryOn } from '../../server/pool-hosts.ts';
import { pooledSession } from '../../server/pooled-session.ts';
import type { RunningSession } from '../../server/running-session.ts';
import { useServer } from '../../server/test-place.ts';

const place = useServer();

const texts = async (session: RunningSession) => (await session.state()).notes.map(({ text }) => text);

describe('a session of a pool', () => {
  test('is shared by its hosts, each in its own directory, and counts what ran elsewhere only once it is kept', async () => {
    const { plan, activities, home, other, hosts, run } = pooledSession(place());
    const both = deferred();
    const repeat = async (input: RunRepeatInput) => {
      await both.promise;
      return await activities.runRepeat(input);
    };
    const members = [
      { name: plan.hostname, repeat },
      { name: other, slots: 2, repeat },
    ];
    await run(async (session) => {
      await hosts(members, async () => {
        await session.until(({ active }) => active.length === 3);
        both.resolve();
        await session.untilPhase('awaiting_decision');
        const { hosts: facts = [] } = await session.status();
        expect(facts.map(({ host, state, run_dir }) => [host, state, run_dir])).toEqual([
          [plan.hostname, 'joined', plan.run_dir],
          [other, 'joined', directoryOn(plan, other)],
        ]);
        expect((await session.finish()).outcome).toBe('completed');
      });
    });
    const elsewhere = activities.inputs.filter(({ run_dir }) => run_dir !== plan.run_dir);
    expect(elsewhere.length).toBeGreaterThan(0);
    expect(elsewhere.every(({ run_dir }) => run_dir === directoryOn(plan, other))).toBe(true);
    const named = (host: string, { namespace, repeat }: { namespace: string; repeat: number }) =>
      `${host} ${namespace}#${repeat}`;
    expect(home.records.map((record) => named(record.host, record)).toSorted()).toEqual(
      elsewhere.map((input) => named(other, input)).toSorted(),
    );
    expect(new Set(activities.launches).size).toBe(6);
    expect(activities.launches).toHaveLength(6);
    expect(new Set(activities.inputs.map(({ dispatch }) => dispatch)).size).toBe(6);
  });

  test('spells out why a host is refused, continues with the others, and lets it try again after `resume`', async () => {
    const { plan, activities, other, hosts, run } = pooledSession(place());
    const held = deferred();
    let asked = 0;
    const differs: PoolHost = {
      name: other,
      join: () => {
        asked += 1;
        return { kind: 'refused', host: other, reasons: ['driver: 590.10 → 550.54', 'HEAD moved'] };
      },
    };
    const homeHost: PoolHost = {
      name: plan.hostname,
      repeat: async (input) => {
        await held.promise;
        return await activities.runRepeat(input);
      },
    };
    await run(async (session) => {
      await hosts([homeHost, differs], async () => {
        await session.until(({ pool }) => pool?.hosts[other]?.state === 'refused');
        const line = `host ${other} is refused for this session: driver: 590.10 → 550.54; HEAD moved`;
        expect(await texts(session)).toContain(line);
        await session.until(() => activities.log.includes(line));
        const before = asked;
        expect(await session.update('resume')).toEqual({
          accepted: true,
          message: 'resumed: the refused hosts may prove themselves again',
        });
        await session.until(() => asked > before);
        held.resolve();
        await session.untilPhase('awaiting_decision');
      });
    });
    expect(activities.inputs.every(({ run_dir }) => run_dir === plan.run_dir)).toBe(true);
  });

  test('gives work to a host that joins late', async () => {
    const { plan, activities, other, hosts, run } = pooledSession(place(), { repeats: 1 });
    const held = deferred();
    const busy: PoolHost = {
      name: plan.hostname,
      repeat: async (input) => {
        await held.promise;
        return await activities.runRepeat(input);
      },
    };
    await run(async (session) => {
      await hosts([busy], async () => {
        await session.until(({ active }) => active.length === 1);
        await hosts([{ name: other }], async () => {
          await session.until(
            ({ marks }) => Object.values(marks).filter((mark) => mark === 'd').length === 2,
          );
          held.resolve();
          await session.untilPhase('awaiting_decision');
        });
      });
    });
  });

  test('gives the repeat of a host that takes nothing any more to another', async () => {
    const { plan, activities, other, hosts, run } = pooledSession(place(), { repeats: 1 });
    await run(async (session) => {
      await hosts([{ name: other, deaf: true }], async () => {
        await session.until(({ active }) => active.length === 1);
      });
      await hosts([{ name: plan.hostname }], async () => {
        const state = await session.untilPhase('awaiting_decision');
        expect(state.pool?.hosts[other]).toMatchObject({ state: 'lost' });
        expect(await texts(session)).toContainEqual(
          expect.stringMatching(new RegExp(`^host ${other} is lost: it did not take test_alpha_ci repeat 1`)),
        );
      });
    });
    expect(activities.launches).toHaveLength(3);
  });

  test('waits for a host whose lanes work for others, and says so, instead of giving it up', async () => {
    const { activities, other, hosts, run } = pooledSession(place(), { repeats: 1 });
    await run(async (session) => {
      await hosts([{ name: other, busy: true }], async () => {
        const waits = await session.until(({ active }) => active[0]?.waits_for != null);
        expect(waits.active[0]?.waits_for).toContain(`a free lane of host ${other}`);
      });
      await hosts([{ name: other }], async () => {
        const state = await session.untilPhase('awaiting_decision');
        expect(state.pool?.hosts[other]).toMatchObject({ state: 'joined' });
      });
    });
    const line = `waiting: [test_alpha_ci] run 1/1 needs a free lane of host ${other}`;
    expect(activities.log.filter((each) => each === line)).toHaveLength(1);
  });

  test('waits, and says so, while no host takes part; resumes automatically when one does', async () => {
    const { plan, hosts, run } = pooledSession(place(), { repeats: 1 });
    await run(async (session) => {
      const { phase } = await session.until((state) => state.phase.kind === 'blocked');
      expect(phase).toMatchObject({ cause: 'no-worker' });
      expect(phase).toHaveProperty(
        'reason',
        expect.stringContaining(`no host of pool ${plan.pool} takes part`),
      );
      await hosts([{ name: plan.hostname }], async () => {
        expect((await session.finish()).outcome).toBe('completed');
      });
    });
  });

  test('keeps its hosts when its history is handed on, and offers itself again', async () => {
    const { plan, activities, other, hosts, run } = pooledSession(
      place(),
      { repeats: 6 },
      { change: (plan) => ({ ...plan, continue_as_new_events: 60 }) },
    );
    await run(async (session) => {
      const first = (await session.handle.describe()).runId;
      await hosts([{ name: plan.hostname }, { name: other }], async () => {
        await session.untilPhase('awaiting_decision');
      });
      expect((await session.handle.describe()).runId).not.toBe(first);
    });
    expect(activities.launches).toHaveLength(18);
    expect(new Set(activities.launches).size).toBe(18);
  });

  test('leaves a host out whose repeats fail by its own fault, and runs them elsewhere', async () => {
    const { plan, activities, other, hosts, run } = pooledSession(place(), { repeats: 1 });
    const broken: PoolHost = {
      name: other,
      repeat: () => {
        throw ApplicationFailure.nonRetryable('its directory is gone', 'RefusedByCalib');
      },
    };
    await run(async (session) => {
      await hosts([broken], async () => {
        await session.until(({ pool }) => pool?.hosts[other]?.state === 'refused');
        await hosts([{ name: plan.hostname }], async () => {
          const state = await session.untilPhase('awaiting_decision');
          expect(state.pool?.hosts[other]).toMatchObject({ reason: 'its directory is gone' });
        });
      });
    });
    expect(activities.launches).toHaveLength(3);
  });

  test('leaves another host out whose checkout moved, instead of halting', async () => {
    const { plan, other, hosts, run } = pooledSession(place(), { repeats: 1 });
    const moved: PoolHost = { name: other, repeat: (input) => haltOnMove(input) };
    await run(async (session) => {
      await hosts([moved], async () => {
        await session.until(({ pool }) => pool?.hosts[other]?.state === 'refused');
        await hosts([{ name: plan.hostname }], async () => {
          expect((await session.finish()).outcome).toBe('completed');
        });
      });
    });
  });

  test('halts when what ran elsewhere cannot be kept', async () => {
    let refuse = true;
    const keep = () => {
      if (refuse) throw ApplicationFailure.nonRetryable('not of this session', 'RefusedByCalib');
    };
    const { other, home, hosts, run } = pooledSession(place(), { repeats: 1 }, { keep });
    await run(async (session) => {
      await hosts([{ name: other }], async () => {
        const { phase } = await session.untilPhase('halted');
        expect(phase).toHaveProperty(
          'cause.text',
          expect.stringContaining(`from host ${other} could not be kept: not of this session`),
        );
        refuse = false;
        await session.update('resume');
        await session.untilPhase('awaiting_decision');
        expect(home.standardsRead).toBe(2);
      });
    });
  });

  test('numbers the attempts of a repeat on from those of other hosts', async () => {
    const { plan, activities, hosts, run } = pooledSession(place(), { repeats: 1 });
    await run(async (session) => {
      await hosts([{ name: plan.hostname }], async () => {
        await session.untilPhase('awaiting_decision');
        await session.update('purge', { stage: 'alpha_wer', repeat: 1, reason: 'again' });
        await session.untilPhase('awaiting_decision');
      });
    });
    const alpha = activities.inputs.filter(({ namespace }) => namespace === 'test_alpha_ci');
    expect(alpha.map(({ first_attempt }) => first_attempt)).toEqual([1, 2]);
  });
});

function haltOnMove({ namespace, repeat }: RunRepeatInput): PooledOutcome {
  const cause = { text: 'HEAD moved', namespace, repeat, moved: true };
  return { kind: 'halt', cause, cells: {}, launches: 0, duration_s: 0, lane: null };
}
