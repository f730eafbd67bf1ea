import { CalibError } from '../domain/calib-error.ts';
import { streamLog } from '../host/run-directory/follow-active-log.ts';
import {
  type FollowOptions,
  type LogBytes,
  type LogEvent,
  type WantedLaunches,
  followLaunches,
  isWanted,
} from '../host/run-directory/follow-launches.ts';
import type { LocatedLogs } from './locate-logs.ts';
import { warn } from './output.ts';
import { type RemoteLaunch, readRemoteLog } from './remote-log.ts';
import type { SessionClient } from './session-client.ts';
import { type SessionLaunch, keyOfLaunch, listSessionLaunches } from './session-launches.ts';

/**
 * Follows what runs for a session on whichever host. A host that does not answer is said and passed over: the session gives
 * its repeats to others, and so does this.
 *
 * @throws the signal's reason when aborted
 */
export function followSessionLogs(
  request: LocatedLogs & { wanted: WantedLaunches },
  client: SessionClient,
  options: FollowOptions,
): AsyncGenerator<LogEvent<SessionLaunch>> {
  return followLaunches(
    {
      list: (done) => listSessionLaunches(request, client, done),
      keyOf: keyOfLaunch,
      isWanted: (launch) => isWanted(launch, request.wanted),
      stream: (launch) => stream(request, client, { launch, options }),
    },
    options,
  );
}

async function* stream(
  request: LocatedLogs,
  client: SessionClient,
  { launch, options }: { launch: SessionLaunch; options: FollowOptions },
): AsyncGenerator<LogBytes, SessionLaunch> {
  const { host, runDir } = launch;
  if (host === null) return { ...(yield* streamLog(launch, options)), host, runDir };
  yield* streamElsewhere(client, { ...launch, host }, { session: request.session, signal: options.signal });
  return { ...launch, end: launch.end ?? { atMs: Date.now(), exitCode: null, signal: null } };
}

async function* streamElsewhere(
  client: SessionClient,
  launch: RemoteLaunch,
  options: { session: string; signal: AbortSignal },
): AsyncGenerator<LogBytes> {
  try {
    for await (const text of readRemoteLog(client, launch, { ...options, follow: true })) {
      yield { kind: 'bytes', bytes: Buffer.from(text) };
    }
  } catch (error) {
    if (!(error instanceof CalibError)) throw error;
    warn(error.remedy === undefined ? error.message : `${error.message} (${error.remedy})`);
  }
}
