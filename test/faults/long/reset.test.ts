import { describe, expect, it } from 'vitest';

import { useFaultWorld } from '../fault-sessions.ts';
import { waitUntil } from '../fault-world.ts';
import { resetSession } from '../reset-session.ts';

const { world, start } = useFaultWorld({ lanes: 8 });

describe.concurrent('a session is reset from outside', () => {
  it.each(['first', 'last'] as const)(
    'to its %s workflow task, while pytest runs: that one is stopped, and one launch more completes it',
    async (to) => {
      const session = await start({
        repeats: 2,
        prepare: (suite) => suite.script('alpha', { waitFor: 'go', orphan: true }, 2),
      });
      await session.untilWaiting('alpha');
      await resetSession(world(), session, to);
      expect(await session.expectWhole({ alpha: 3, beta: 2 })).toMatchObject({ pass: 1 });
    },
  );

  it('again and again, while pytest runs: each repeat is recorded once', async () => {
    const session = await start({
      repeats: 2,
      stages: 'beta_wer',
      prepare: async (suite) => {
        for (const launch of [1, 2, 3]) await suite.script('beta', { waitFor: `go${launch}` }, launch);
      },
    });
    for (const [resets, to] of (['first', 'last', 'first'] as const).entries()) {
      await waitUntil(async () => (await session.suite.launches('beta')) > resets, `launch ${resets + 1}`);
      await resetSession(world(), session, to);
    }
    expect(await session.expectWhole({ beta: 5 })).toMatchObject({ pass: 1 });
  });

  it.each(['first', 'last'] as const)(
    'to its %s workflow task, when it waits for the decision: nothing is launched',
    async (to) => {
      const session = await start({ repeats: 2 });
      await session.expectWhole({ alpha: 2, beta: 2 });
      await resetSession(world(), session, to);
      await session.expectWhole({ alpha: 2, beta: 2 });
    },
  );

  it('after its end: it goes through its directory again, and asks for the decision anew', async () => {
    const session = await start({ repeats: 1, stages: 'beta_wer' });
    await session.expectWhole({ beta: 1 });
    await world().calib('signal', session.id, 'apply', '--mode', 'report');
    await world().client.workflow.getHandle(session.id).result();
    await resetSession(world(), session, 'first');
    expect(await session.expectWhole({ beta: 1 })).toMatchObject({ decision: null });
  });

  it('after it was terminated, while pytest ran: it goes on to its end', async () => {
    const session = await start({
      repeats: 2,
      prepare: (suite) => suite.script('alpha', { waitFor: 'never' }, 1),
    });
    await session.untilWaiting('alpha');
    await world().client.workflow.getHandle(session.id).terminate('by mistake');
    await resetSession(world(), session, 'last');
    await session.expectWhole({ alpha: 3, beta: 2 });
  });

  it('to before a purge: what was purged is not purged again', async () => {
    const session = await start({ repeats: 2, stages: 'beta_wer' });
    await session.expectWhole({ beta: 2 });
    const purge = { id: 'once', stage: 'beta_wer', repeat: 1, reason: 'noisy neighbour' };
    await world().client.workflow.getHandle(session.id).signal('purge', purge);
    await world().until(session.id, ({ discarded }) => discarded === 1);
    await session.expectWhole({ beta: 3 });
    await resetSession(world(), session, 'first');
    await session.expectWhole({ beta: 3 });
  });

  it('and the command that follows it goes on to follow it', async () => {
    const session = await start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'never' }, 1),
    });
    const follower = world().begin('watch', session.id);
    await session.untilWaiting('beta');
    await resetSession(world(), session, 'first');
    expect((await follower).exitCode).toBe(0);
    await session.expectWhole({ beta: 2 });
  });
});
