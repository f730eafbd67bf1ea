import { fileURLToPath } from 'node:url';

import { TestWorkflowEnvironment } from '@temporalio/testing';
import { Worker } from '@temporalio/worker';
import { afterAll, beforeAll, expect, inject } from 'vitest';

import { installRuntime } from './install-runtime.ts';
import type { TestPlace } from './running-session.ts';

/**
 * Connects a test file to the run's server and runs the workflow code there. Call at its top level; the place is there
 * once the tests run.
 */
export function useServer(): () => TestPlace {
  return useEnvironment(() =>
    TestWorkflowEnvironment.createFromExistingServer({
      address: inject('temporalAddress'),
      namespace: 'default',
    }),
  ).place;
}

/**
 * A server of the file's own, in memory and several times faster, that skips the time nothing happens in while a result
 * is awaited or `sleep` is called. It knows no search attributes, no histories handed on under load, no dead queues:
 * what touches those is tested on the real server.
 */
export function useTimeSkippingServer(): {
  place: () => TestPlace;
  environment: () => TestWorkflowEnvironment;
} {
  const path = fileURLToPath(new URL('../../.venv/bin/temporal-test-server', import.meta.url));
  return useEnvironment(() =>
    TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } }),
  );
}

function useEnvironment(create: () => Promise<TestWorkflowEnvironment>) {
  let environment: TestWorkflowEnvironment | undefined;
  let stopWorker = () => Promise.resolve();
  const workflowQueue = idFrom(expect.getState().testPath ?? 'tests');
  const current = () => {
    if (environment === undefined) throw new Error('the server is there only while tests run');
    return environment;
  };
  beforeAll(async () => {
    installRuntime();
    environment = await create();
    // One for the file: loading the bundle takes a quarter of a second.
    const worker = await Worker.create({
      connection: environment.nativeConnection,
      namespace: environment.namespace ?? 'default',
      identity: 'worker',
      taskQueue: workflowQueue,
      workflowBundle: { codePath: inject('workflowBundlePath') },
    });
    const running = worker.run();
    stopWorker = async () => {
      worker.shutdown();
      await running;
    };
  });
  afterAll(async () => {
    await stopWorker();
    await environment?.teardown();
  });
  const place = (): TestPlace => ({
    client: current().client,
    nativeConnection: current().nativeConnection,
    namespace: current().namespace ?? 'default',
    workflowQueue,
  });
  return { place, environment: current };
}

/** The running test's title as an id of workflows and queues. */
export function idFromTitle(): string {
  return idFrom(expect.getState().currentTestName ?? 'a test');
}

function idFrom(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(-100);
}
