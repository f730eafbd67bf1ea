import { expect, test } from 'vitest';

import type { SessionClient } from '../../src/cli/session/session-client.ts';
import { missingWorker } from '../../src/cli/commands/start/start-session.ts';

const plan = { task_queues: { home: 'calib-home-h20', repeats: 'calib-repeats-h20' }, pool: 'lab' };

/** A server whose queues of these names are polled. */
function serverWith(...polled: string[]): SessionClient {
  const describeTaskQueue = ({ taskQueue }: { taskQueue: { name: string } }) =>
    Promise.resolve({ pollers: polled.includes(taskQueue.name) ? [{ identity: 'worker' }] : [] });
  const server = {
    connection: { workflowService: { describeTaskQueue } },
    settings: { namespace: 'default' },
  };
  return server as unknown as SessionClient;
}

test('a pool without a worker is named, and how to do without it', async () => {
  const missing = await missingWorker(serverWith('calib-sessions', 'calib-repeats-h20'), plan);
  expect(missing).toContain('no worker polls calib-pool-lab: repeats wait until `calib worker` is started');
  expect(missing).toContain('on a host whose profile has pool: lab; `start --no-pool` needs this host only');
});

test('nothing is missing where every queue is polled', async () => {
  const server = serverWith('calib-sessions', 'calib-repeats-h20', 'calib-pool-lab');
  expect(await missingWorker(server, plan)).toBeNull();
});

test('a session that stays at home needs nobody of a pool', async () => {
  const { task_queues } = plan;
  expect(await missingWorker(serverWith('calib-sessions', 'calib-repeats-h20'), { task_queues })).toBeNull();
});

test.each([
  [[], 'no worker polls calib-sessions'],
  [['calib-sessions'], 'no worker polls calib-repeats-h20'],
])('with %j polled, the first that is missing is named', async (polled, text) => {
  expect(await missingWorker(serverWith(...polled), plan)).toContain(text);
});
