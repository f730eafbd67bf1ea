import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FaultWorld, waitUntil } from '../fault-world.ts';
import { FaultedSession } from '../faulted-session.ts';

/** Longer than the heartbeat timeout: every attempt that ran is given up by the server. */
const OUTAGE_MS = 45_000;

let world: FaultWorld;
const sessions: FaultedSession[] = [];

beforeAll(async () => {
  world = await FaultWorld.start({ lanes: 2 });
});

afterAll(async () => {
  await world.close();
  for (const session of sessions) await session.remove();
});

/** One whose pytest lives through the outage, one whose pytest ends in it. */
async function startTwo(): Promise<[FaultedSession, FaultedSession]> {
  const start = async () => {
    const session = await FaultedSession.start(world, {
      repeats: 2,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'go' }, 1),
    });
    sessions.push(session);
    return session;
  };
  const pair: [FaultedSession, FaultedSession] = [await start(), await start()];
  for (const session of pair) await session.untilWaiting('beta');
  return pair;
}

async function expectUndisturbed([living, ended]: [FaultedSession, FaultedSession]): Promise<void> {
  await living.suite.release('go');
  for (const session of [living, ended]) {
    expect(await session.expectWhole({ beta: 2 })).toMatchObject({ pass: 1, discarded: 0 });
  }
}

async function endDuringOutage(session: FaultedSession): Promise<void> {
  await session.suite.release('go');
  await session.untilCommitted('beta', 1);
}

describe('the server goes away under a worker that stays', () => {
  it('killed, and back at once on the same file', async () => {
    const pair = await startTwo();
    await world.killServer();
    await endDuringOutage(pair[1]);
    await world.startServer();
    await expectUndisturbed(pair);
  });

  it('killed, and back after more than the heartbeat timeout', async () => {
    const pair = await startTwo();
    await world.killServer();
    await endDuringOutage(pair[1]);
    await sleep(OUTAGE_MS);
    await world.startServer();
    await expectUndisturbed(pair);
  });

  it('unreachable for more than the heartbeat timeout', async () => {
    const pair = await startTwo();
    await world.signalServer('SIGSTOP');
    await endDuringOutage(pair[1]);
    await sleep(OUTAGE_MS);
    await world.signalServer('SIGCONT');
    await expectUndisturbed(pair);
  });

  it('killed again and again: the same', async () => {
    const pair = await startTwo();
    for (let count = 0; count < 3; count += 1) {
      await world.killServer();
      await world.startServer();
      await waitUntil(async () => (await world.state(pair[0].id)).active.length > 0, 'the session answers');
    }
    await endDuringOutage(pair[1]);
    await expectUndisturbed(pair);
  });
});
