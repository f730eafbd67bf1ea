import { beforeAll, describe, expect, it } from 'vitest';

import { startFiveWaiting, useFaultWorld } from '../fault-sessions.ts';
import { waitUntil } from '../fault-world.ts';
import type { FaultedSession } from '../faulted-session.ts';
import { resetSession } from '../reset-session.ts';

/** The heartbeat timeout, and the pause between two looks of a worker for what is left over. */
const LEFT_LIMIT_MS = 90_000;

const { world, start } = useFaultWorld({ lanes: 5 });
/** What is done to a session whose only beta runs while no worker is there. */
let reset: FaultedSession;
let cancelled: FaultedSession;
let aborted: FaultedSession;
let resetAndAborted: FaultedSession;
let terminated: FaultedSession;

beforeAll(async () => {
  [reset, cancelled, aborted, resetAndAborted, terminated] = await startFiveWaiting(start, { orphan: true });
  await world().killWorker();
  const handle = ({ id }: FaultedSession) => world().client.workflow.getHandle(id);
  await resetSession(world(), reset, 'first');
  await handle(cancelled).cancel();
  await handle(aborted).signal('abort', { reason: 'no use' });
  await resetSession(world(), resetAndAborted, 'first');
  await handle(resetAndAborted).signal('abort', { reason: 'no use' });
  await handle(terminated).terminate('by somebody else');
  await world().startWorker();
}, 180_000);

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
    const result = await world().client.workflow.getHandle(cancelled.id).result();
    expect(result).toMatchObject({ outcome: 'aborted', message: 'cancelled through Temporal' });
  });

  it('is aborted: it ends, and leaves no pytest', async () => {
    await expectLeft(aborted);
    const result = await world().client.workflow.getHandle(aborted.id).result();
    expect(result).toMatchObject({ outcome: 'aborted', message: 'no use' });
  });

  it('is reset and aborted: it ends, and leaves no pytest that nobody knows of', async () => {
    await expectLeft(resetAndAborted);
    const result = await world().client.workflow.getHandle(resetAndAborted.id).result();
    expect(result).toMatchObject({ outcome: 'aborted' });
  });

  it('is terminated: it leaves no pytest', async () => {
    await expectLeft(terminated);
  });
});
