import { defaultDataConverter } from '@temporalio/common';
import { encodeToPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { describe, expect, test } from 'vitest';

import {
  keyOfLaunch,
  listSessionLaunches,
  type LocatedLogs,
} from '../../src/cli/commands/logs/session-logs.ts';
import type { SessionClient } from '../../src/cli/session/session-client.ts';
import type { Attempt } from '../../src/domain/observation/observation.ts';
import { appendAttempt } from '../../src/host/run-directory/attempts-file.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { startPytest } from '../host/run-directory/started-pytest.ts';

const UNIT = 'test_nova_ci';
const mirror = '/data/calib/session';

function located(more: Partial<LocatedLogs> = {}): LocatedLogs {
  return {
    session: 'session',
    runDir: temporaryFolder(),
    isHere: true,
    homeHost: 'home',
    isPooled: true,
    repeats: 3,
    units: [UNIT],
    known: true,
    ...more,
  };
}

/** A finished attempt on a host's lane, with its log below `runDir` there. */
function attempt(host: string, n: number, runDir: string): Attempt {
  return {
    n,
    pass: 1,
    started_at: `2026-04-23T05:0${n}:00Z`,
    ended_at: `2026-04-23T05:0${n}:30Z`,
    exit_code: 1,
    signal: null,
    reason: 'exit 1',
    outcome: 'infra',
    duration_s: 30,
    gate_s: 0,
    cleanup_s: 0,
    gpus: [],
    lane: `${host}/lane0`,
    log: runPaths.attemptLog(runDir, UNIT, 2, n),
    startup_s: null,
    notes: [],
  };
}

/** A server that knows repeats in flight with these heartbeats. */
async function serverWith(...heartbeats: object[]): Promise<SessionClient> {
  const pendingActivities = await Promise.all(
    heartbeats.map(async (heartbeat) => ({
      activityType: { name: 'runRepeat' },
      heartbeatDetails: { payloads: await encodeToPayloads(defaultDataConverter, heartbeat) },
    })),
  );
  const describeSession = () => Promise.resolve({ raw: { pendingActivities } });
  const client = {
    workflow: { getHandle: () => ({ describe: describeSession }) },
    options: { loadedDataConverter: { ...defaultDataConverter, payloadCodecs: [] } },
  };
  return { client } as unknown as SessionClient;
}

function heartbeat(host: string, more: object = {}) {
  const launch_dir = runPaths.launch(mirror, UNIT, 3, 4);
  return {
    state: 'running',
    text: 'runs',
    attempt: 4,
    launch_dir,
    lane: `${host}/lane0`,
    seconds: 5,
    ...more,
  };
}

describe('the launches of a session', () => {
  test('on other hosts that have ended are known by the run directory’s records', async () => {
    const session = located();
    const place = { runDir: session.runDir, namespace: UNIT, repeat: 2 };
    await appendAttempt(place, attempt('home', 1, session.runDir));
    await appendAttempt(place, attempt('far', 2, mirror));

    expect(await listSessionLaunches(session, null)).toEqual([
      {
        host: 'far',
        runDir: mirror,
        namespace: UNIT,
        repeat: 2,
        attempt: 2,
        folder: runPaths.launch(mirror, UNIT, 2, 2),
        log: runPaths.attemptLog(mirror, UNIT, 2, 2),
        startedAtMs: Date.parse('2026-04-23T05:02:00Z'),
        end: { atMs: Date.parse('2026-04-23T05:02:30Z'), exitCode: 1, signal: null },
      },
    ]);
  });

  test('of this machine stand among them by when they were started', async () => {
    const session = located();
    const { runDir } = session;
    await appendAttempt({ runDir, namespace: UNIT, repeat: 2 }, attempt('far', 2, mirror));
    const started = new Date('2026-04-23T05:01:00Z');
    const pytest = await startPytest({ runDir, namespace: UNIT, repeat: 1, attempt: 1 }, started);

    const launches = await listSessionLaunches(session, null);
    expect(launches.map(({ host, log, end }) => [host, log, end === null])).toEqual([
      [null, pytest.log, true],
      ['far', runPaths.attemptLog(mirror, UNIT, 2, 2), false],
    ]);
  });

  test('on other hosts that live are known by their heartbeats', async () => {
    const [launch] = await listSessionLaunches(located(), await serverWith(heartbeat('far')));
    expect(launch).toMatchObject({
      host: 'far',
      runDir: mirror,
      namespace: UNIT,
      repeat: 3,
      attempt: 4,
      log: runPaths.attemptLog(mirror, UNIT, 3, 4),
      end: null,
    });
  });

  test('that wait for their GPUs have no output yet', async () => {
    const server = await serverWith(heartbeat('far', { state: 'waiting' }), heartbeat('far', { lane: null }));
    expect(await listSessionLaunches(located(), server)).toEqual([]);
  });

  test('of the home host are read from the disk where that is this machine’s, else through the server', async () => {
    const server = await serverWith(heartbeat('home'));
    expect(await listSessionLaunches(located(), server)).toEqual([]);
    expect(await listSessionLaunches(located({ isHere: false }), server)).toMatchObject([{ host: 'home' }]);
  });

  test('that are done are not given again', async () => {
    const server = await serverWith(heartbeat('far'));
    const launches = await listSessionLaunches(located(), server);
    expect(await listSessionLaunches(located(), server, new Set(launches.map(keyOfLaunch)))).toEqual([]);
  });
});
