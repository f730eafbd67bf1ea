import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';

import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { createActivities } from '../../src/activities/create-activities.ts';
import { hostTaskQueues, workflowTaskQueue } from '../../src/workflows/messages.ts';
import { onTerminal } from '../fixtures/terminal/on-terminal.ts';
import { useFaultWorld } from './fault-sessions.ts';
import { waitUntil } from './fault-world.ts';
import type { FaultedSession } from './faulted-session.ts';

const workflowsPath = fileURLToPath(new URL('../fixtures/unknown-build/workflows.ts', import.meta.url));

const { world, start } = useFaultWorld({ lanes: 2 });
/** Two sessions whose only beta waits for ever, after their worker was replaced by one of an unknown build. */
let wedged: FaultedSession;
let other: FaultedSession;
let stopWorker: () => Promise<void>;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR'), shutdownSignals: [] });
  const one = () =>
    start({
      repeats: 1,
      stages: 'beta_wer',
      prepare: (suite) => suite.script('beta', { waitFor: 'never', orphan: true }),
    });
  wedged = await one();
  other = await one();
  await wedged.untilWaiting('beta');
  await other.untilWaiting('beta');
  await world().killWorker();
  vi.stubEnv('CALIB_LEASE_SCOPE', world().dir);
  stopWorker = await startUnknownBuild();
  for (const session of [wedged, other]) await untilWedged(session);
}, 240_000);

afterAll(async () => {
  await stopWorker();
  vi.unstubAllEnvs();
});

/** A worker that knows how to run pytest, but not these sessions' workflow. */
async function startUnknownBuild(): Promise<() => Promise<void>> {
  const connection = await NativeConnection.connect({ address: world().address });
  const client = new Client({ connection });
  const queues = hostTaskQueues(hostname());
  const activities = createActivities({
    hostname: hostname(),
    gpus: null,
    lanes: 2,
    isSessionOpen: async (id, runId) =>
      (await client.workflow.getHandle(id, runId).describe()).status.name === 'RUNNING',
  });
  const shared = { connection, shutdownGraceTime: '1 second' } as const;
  const workers = [
    await Worker.create({ ...shared, taskQueue: workflowTaskQueue, workflowsPath }),
    await Worker.create({ ...shared, taskQueue: queues.home, activities }),
    await Worker.create({ ...shared, taskQueue: queues.repeats, activities }),
  ];
  const running = workers.map((worker) => worker.run());
  return async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
    await connection.close();
  };
}

/** A signal asks for a workflow task, which then fails again and again. */
async function untilWedged({ id }: FaultedSession): Promise<void> {
  const handle = world().client.workflow.getHandle(id);
  await handle.signal('pause', { id: 'wedge' });
  const hasFailed = async () => ((await handle.describe()).raw.pendingWorkflowTask?.attempt ?? 0) >= 3;
  await waitUntil(hasFailed, `the workflow task of ${id} fails`);
}

async function statusOf({ id }: FaultedSession): Promise<string> {
  return (await world().client.workflow.getHandle(id).describe()).status.name;
}

describe('abort of a session whose workflow task fails for good', () => {
  it('does nothing where nobody can be asked, and says what would', async () => {
    const run = await world().calib('signal', wedged.id, 'abort');
    expect(run.exitCode).toBe(3);
    expect(run.stderr).toMatch(/cannot answer: its workflow task has failed \d+ times in a row/);
    expect(run.stderr).toContain(`calib signal ${wedged.id} abort --yes`);
    expect(await statusOf(wedged)).toBe('RUNNING');
  });

  it('offers to terminate it on a terminal, and does nothing without a yes', async () => {
    const run = await onTerminal(
      [
        [`abort ${wedged.id}?`, 'y'],
        ['Terminate it', 'n'],
      ],
      ['signal', wedged.id, 'abort'],
      { env: world().env },
    );
    expect(run.exitCode, run.text).toBe(1);
    expect(run.text).toContain('nothing was done: the session goes on');
    expect(await statusOf(wedged)).toBe('RUNNING');
    expect(await wedged.suite.isWaiting('beta')).toBe(true);
    expect((await wedged.suite.processes()).length).toBeGreaterThan(0);
  });

  it('terminates it after a yes, and ends all that its pytest has running, and nothing of another session', async () => {
    const others = await other.suite.processes();
    const run = await onTerminal(
      [
        [`abort ${wedged.id}?`, 'y'],
        ['Terminate it', 'y'],
      ],
      ['signal', wedged.id, 'abort', '--reason', 'an unknown build'],
      { env: world().env, limitS: 120 },
    );
    expect(run.exitCode, run.text).toBe(0);
    expect(run.text).toContain(`terminated: ${wedged.id}; what it recorded is kept`);
    expect(run.text).toContain('nothing of it runs on this machine');
    expect(await statusOf(wedged)).toBe('TERMINATED');
    await wedged.expectNothingLeft();
    expect(await statusOf(other)).toBe('RUNNING');
    expect(await other.suite.processes()).toEqual(expect.arrayContaining(others));
  });

  it('terminates it without a terminal where --yes is given', async () => {
    const run = await world().calib('signal', other.id, 'abort', '--yes');
    expect(run.exitCode, run.stderr).toBe(0);
    expect(await statusOf(other)).toBe('TERMINATED');
    await other.expectNothingLeft();
  });
});
