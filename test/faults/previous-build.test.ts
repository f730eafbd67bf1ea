import { hostname } from 'node:os';

import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { createActivities } from '../../src/activities/create-activities.ts';
import { hostTaskQueues, workflowTaskQueue } from '../../src/workflows/messages.ts';
import { previousBundle } from '../fixtures/previous-build/previous-bundle.ts';
import { FaultWorld } from './fault-world.ts';
import { FaultedSession } from './faulted-session.ts';

let world: FaultWorld;
let session: FaultedSession | undefined;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  world = await FaultWorld.start();
  vi.stubEnv('CALIB_LEASE_SCOPE', world.dir);
  await world.killWorker();
});

afterAll(async () => {
  await world.close();
  await session?.remove();
});

/** Sessions run by the workflow code of an earlier build while the body runs. */
async function underPreviousBuild<T>(body: () => Promise<T>): Promise<T> {
  const connection = await NativeConnection.connect({ address: world.address });
  const client = new Client({ connection });
  const { home, repeats } = hostTaskQueues(hostname());
  const activities = createActivities({
    hostname: hostname(),
    gpus: null,
    lanes: 1,
    isSessionOpen: async (id, runId) =>
      (await client.workflow.getHandle(id, runId).describe()).status.name === 'RUNNING',
  });
  const grace = { connection, shutdownGraceTime: '1 second' } as const;
  const workers = [
    await Worker.create({ ...grace, taskQueue: workflowTaskQueue, workflowBundle: await previousBundle() }),
    await Worker.create({ ...grace, taskQueue: home, activities }),
    await Worker.create({ ...grace, taskQueue: repeats, activities }),
  ];
  const running = workers.map((worker) => worker.run());
  try {
    return await body();
  } finally {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await connection.close();
  }
}

describe('an upgrade with a session in flight', () => {
  it('the present build finishes what an earlier one began, and adopts its pytest', async () => {
    const begun = await underPreviousBuild(async () => {
      session = await FaultedSession.start(world, {
        repeats: 2,
        prepare: (suite) => suite.script('alpha', { waitFor: 'go' }, 2),
      });
      const handle = world.client.workflow.getHandle(session.id);
      await session.untilWaiting('alpha');
      await handle.signal('pause', { id: 'before' });
      await session.untilLogged('paused');
      await handle.signal('resume', { id: 'after' });
      await session.untilLogged('resumed');
      return session;
    });
    await world.startWorker();
    await begun.suite.release('go');
    await begun.expectWhole({ alpha: 2, beta: 2 });
    const applied = await world.calib('signal', begun.id, 'apply', '--mode', 'report');
    expect(applied.exitCode, applied.stderr).toBe(0);
    const result = await world.client.workflow.getHandle(begun.id).result();
    expect(result).toMatchObject({ outcome: 'completed', applied: 0 });
  });
});
