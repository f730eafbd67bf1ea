import { setTimeout as sleep } from 'node:timers/promises';

import { Worker } from '@temporalio/worker';
import { describe, expect, inject, onTestFinished, test } from 'vitest';

import type { ReadLogInput } from '../../../src/activities/activity-types.ts';
import { createActivities } from '../../../src/activities/create-activities.ts';
import { type RemoteLaunch, readRemoteLog } from '../../../src/cli/commands/logs/remote-log.ts';
import { hasPoller, type SessionClient } from '../../../src/cli/session/session-client.ts';
import { appendAttempt } from '../../../src/host/run-directory/attempts-file.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { hostTaskQueues, workflowTaskQueue } from '../../../src/workflows/messages.ts';
import { runCalib } from '../../cli/run-calib.ts';
import { makeAttempt } from '../../host/run-directory/repeat-fixture.ts';
import { NAMESPACE, runWorld } from '../../host/run-directory/run-directory-fixture.ts';
import { startPytest } from '../../host/run-directory/started-pytest.ts';
import { idFromTitle, useServer } from '../../server/test-place.ts';

const place = useServer();

const units = [
  {
    namespace: NAMESPACE,
    test: 'tests/ci/test_nova_ci.py',
    stages: ['nova_accuracy'],
    env: {},
    gpus: 1,
    pytest_args: [],
  },
];

/** What lies on the other host: its directory of `session`, with one pytest that is alive. */
async function otherHost(session = 'session') {
  const { runDir } = runWorld({ plan: { session_id: session, units } });
  const pytest = await startPytest({ runDir, namespace: NAMESPACE, repeat: 2, attempt: 3 });
  const launch: RemoteLaunch = {
    host: idFromTitle(),
    runDir,
    namespace: NAMESPACE,
    repeat: 2,
    attempt: 3,
    folder: pytest.folder,
    log: pytest.log,
    startedAtMs: 0,
    end: null,
  };
  return { runDir, pytest, launch };
}

/** Starts the workers that answer: of workflows, and of that host. Gives the client of a command. */
async function serving(host: string): Promise<SessionClient> {
  const { nativeConnection, namespace } = place();
  const shared = { connection: nativeConnection, namespace, shutdownGraceTime: 0 };
  const activities = createActivities({
    hostname: host,
    gpus: null,
    lanes: 1,
    isSessionOpen: async () => await Promise.resolve(true),
  });
  const workers = await Promise.all([
    Worker.create({
      ...shared,
      taskQueue: workflowTaskQueue,
      workflowBundle: { codePath: inject('workflowBundlePath') },
    }),
    Worker.create({
      ...shared,
      taskQueue: hostTaskQueues(host).home,
      activities: { readLogPart: (input: ReadLogInput) => activities.readLogPart(input) },
    }),
  ]);
  const running = workers.map(async (worker) => await worker.run());
  onTestFinished(async () => {
    for (const worker of workers) worker.shutdown();
    await Promise.all(running);
  });
  const client = clientOf();
  while (!(await hasPoller(client, workflowTaskQueue, 'workflow'))) await sleep(50);
  while (!(await hasPoller(client, hostTaskQueues(host).home, 'activity'))) await sleep(50);
  return client;
}

function clientOf(): SessionClient {
  const { client, namespace } = place();
  const address = inject('temporalAddress');
  return {
    client,
    connection: client.connection,
    settings: { address, namespace, connection: {} },
    close: () => Promise.resolve(),
  } as unknown as SessionClient;
}

async function all(parts: AsyncGenerator<string>): Promise<string[]> {
  const texts: string[] = [];
  for await (const text of parts) texts.push(text);
  return texts;
}

describe('the log of another host', () => {
  test('comes as far as it is written, in parts', async () => {
    const { pytest, launch } = await otherHost();
    const line = `${'x'.repeat(999)}\n`;
    pytest.write(line.repeat(300));
    const client = await serving(launch.host);

    const parts = await all(readRemoteLog(client, launch, { session: 'session', follow: false }));

    expect(parts.map(({ length }) => length)).toEqual([262_000, 38_000]);
    expect(parts.join('')).toBe(line.repeat(300));
  });

  test('is followed until its pytest has ended', async () => {
    const { pytest, launch } = await otherHost();
    pytest.write('one\n');
    const client = await serving(launch.host);
    const parts = readRemoteLog(client, launch, { session: 'session', follow: true });

    expect((await parts.next()).value).toBe('one\n');
    pytest.write('two\nlast');
    await pytest.end();
    expect(await all(parts)).toEqual(['two\nlast']);
  });

  test('is left at once when told to', async () => {
    const { pytest, launch } = await otherHost();
    pytest.write('one\n');
    const client = await serving(launch.host);
    const controller = new AbortController();
    const options = { session: 'session', follow: true, signal: controller.signal };
    const parts = readRemoteLog(client, launch, options);
    await parts.next();
    const next = parts.next();
    controller.abort();
    await expect(next).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('is not given for another session', async () => {
    const { launch } = await otherHost('another');
    const client = await serving(launch.host);
    const parts = readRemoteLog(client, launch, { session: 'session', follow: false });
    await expect(parts.next()).rejects.toMatchObject({
      code: 'not-ready',
      message: `host ${launch.host} does not give the log: ${launch.runDir} is the directory of another, not of session`,
    });
  });
});

describe('calib logs', () => {
  /** The home host's run directory; the last repeat ran on `launch.host`. */
  async function homeOf(launch: RemoteLaunch) {
    const home = runWorld({ plan: { session_id: 'session', units, pool: 'lab', hostname: 'home' } });
    await appendAttempt(
      { runDir: home.runDir, namespace: NAMESPACE, repeat: 2 },
      makeAttempt({
        n: 3,
        started_at: '2099-04-23T05:00:00Z',
        ended_at: '2099-04-23T05:01:00Z',
        lane: `${launch.host}/lane0`,
        log: runPaths.attemptLog(launch.runDir, NAMESPACE, 2, 3),
      }),
    );
    const logs = async (...args: string[]) =>
      await runCalib(['logs', ...args], {
        cwd: home.root,
        env: { TEMPORAL_ADDRESS: inject('temporalAddress') },
      });
    return { ...home, logs };
  }

  test('fetches the last log from the host that it is on, and says which', async () => {
    const { pytest, launch } = await otherHost();
    pytest.write('collected 3 items\n');
    await pytest.end();
    const { logs } = await homeOf(launch);
    await serving(launch.host);

    expect(await logs('session')).toEqual({
      exitCode: 0,
      stdout: 'collected 3 items',
      stderr: `==> ${NAMESPACE} run 2/3, attempt 3 on ${launch.host}: ${launch.log}`,
    });
  });

  test('names the host and its queue where nobody answers', async () => {
    const { launch } = await otherHost();
    const { logs } = await homeOf(launch);
    await serving('somebody');

    const run = await logs('session', '--repeat', '2');

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(
      `error: host ${launch.host} does not answer: no worker polls task queue calib-home-${launch.host}`,
    );
    expect(run.stderr).toContain(`start \`calib worker\` there; the log is ${launch.log} on that host`);
  });

  test('says that a server is needed where none is asked', async () => {
    const { launch } = await otherHost();
    const { runDir, logs } = await homeOf(launch);
    const run = await logs('--run-dir', runDir);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(`that log is on host ${launch.host}, and there is no Temporal server`);
  });
});
