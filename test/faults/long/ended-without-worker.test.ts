import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { FaultWorld, waitUntil } from '../fault-world.ts';
import { FaultedSession } from '../faulted-session.ts';
import { resetSession } from '../reset-session.ts';

/** The heartbeat timeout, and the pause between two looks of a worker for what is left over. */
const LEFT_LIMIT_MS = 90_000;

let world: FaultWorld;
const sessions: FaultedSession[] = [];
/** What is done to a session whose only beta runs while no worker is there. */
let reset: FaultedSession;
let cancelled: FaultedSession;
let aborted: FaultedSession;
let resetAndAborted: FaultedSession;
let terminated: FaultedSession;

beforeAll(async () => {
  world = await FaultWorld.start({ lanes: 5 });
  for (let count = 0; count < 5; count += 1) {
    const session = await FaultedSession.start(world, {
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'go', orphan: true }, 1),
    });
    sessions.push(session);
  }
  [reset, cancelled, aborted, resetAndAborted, terminated] = sessions as [
    FaultedSession,
    FaultedSession,
    FaultedSession,
    FaultedSession,
    FaultedSession,
  ];
  for (const session of sessions) await session.untilWaiting('beta');
  await world.killWorker();
  const handle = ({ id }: FaultedSession) => world.client.workflow.getHandle(id);
  await resetSession(world, reset, 'first');
  await handle(cancelled).cancel();
  await handle(aborted).signal('abort', { reason: 'no use' });
  await resetSession(world, resetAndAborted, 'first');
  await handle(resetAndAborted).signal('abort', { reason: 'no use' });
  await handle(terminated).terminate('by somebody else');
  await world.startWorker();
}, 180_000);

afterAll(async () => {
  await world.close();
  for (const session of sessions) await session.remove();
});

/** Nothing of the session runs any more, although nobody has let its pytest go on. */
async function expectLeft(session: FaultedSession): Promise<void> {
  const isEmpty = async () => (await session.suite.processes()).length === 0;
  await waitUntil(isEmpty, `no process of ${session.id}`, { limitMs: LEFT_LIMIT_MS });
  expect(await session.suite.launches('beta')).toBe(1);
}

describe.concurrent('while no worker is there, a session whose pytest runs', () => {
  it('is reset: its pytest is adopted', async () => {
    await reset.untilLogged('adopted');
    await reset.suite.release('go');
    expect(await reset.expectWhole({ beta: 1 })).toMatchObject({ launches: 1 });
  });

  it('is cancelled: it ends, and leaves no pytest', async () => {
    await expectLeft(cancelled);
    const result = await world.client.workflow.getHandle(cancelled.id).result();
    expect(result).toMatchObject({ outcome: 'aborted', message: 'cancelled through Temporal' });
  });

  it('is aborted: it ends, and leaves no pytest', async () => {
    await expectLeft(aborted);
    const result = await world.client.workflow.getHandle(aborted.id).result();
    expect(result).toMatchObject({ outcome: 'aborted', message: 'no use' });
  });

  it('is reset and aborted: it ends, and leaves no pytest that nobody knows of', async () => {
    await expectLeft(resetAndAborted);
    const result = await world.client.workflow.getHandle(resetAndAborted.id).result();
    expect(result).toMatchObject({ outcome: 'aborted' });
  });

  it('is terminated: it leaves no pytest', async () => {
    await expectLeft(terminated);
  });
});
