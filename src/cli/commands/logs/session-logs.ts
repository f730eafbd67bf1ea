import { basename, dirname, resolve } from 'node:path';

import { CalibError } from '../../../domain/calib-error.ts';
import { nameOfLane } from '../../../domain/lanes/lanes.ts';
import { parseLaunchFolder } from '../../../host/run-directory/attempt-numbers.ts';
import { readAttempts } from '../../../host/run-directory/attempts-file.ts';
import {
  followLaunches,
  type FollowOptions,
  isWanted,
  type LogBytes,
  type LogEvent,
  streamLog,
  type WantedLaunches,
} from '../../../host/run-directory/logs/follow-log.ts';
import { listLaunches, type StartedLaunch } from '../../../host/run-directory/logs/launches.ts';
import { readPlan } from '../../../host/run-directory/plan-file.ts';
import type { CliContext } from '../../options.ts';
import { warn } from '../../output.ts';
import { readLiveRepeats } from '../../session/live-repeats.ts';
import { locateRunDirectory } from '../../session/locate-run-directory.ts';
import type { SessionClient } from '../../session/session-client.ts';
import { type RemoteLaunch, type SessionLaunch, readRemoteLog } from './remote-log.ts';

/** A session whose logs are to be shown. */
export interface LocatedLogs {
  session: string;
  /** Absolute, on its home host. */
  runDir: string;
  /** False where the run directory is on another machine. */
  isHere: boolean;
  /** The machine that holds it, by name; null where the plan does not say. */
  homeHost: string | null;
  /** True when several hosts may have run its repeats. */
  isPooled: boolean;
  repeats: number;
  /** Namespaces of its units; null where the plan does not say (the original tool's). */
  units: string[] | null;
  /** True when a server was asked for it, which can then tell when it has ended. */
  known: boolean;
}

/**
 * Exactly one of the two is given. A session that the server knows may have its run directory anywhere.
 *
 * @throws CalibError when there is no such session, or no such directory
 */
export async function locateLogs(
  context: Pick<CliContext, 'repoRoot' | 'any'>,
  reference: string | null,
  folder: string | null,
): Promise<LocatedLogs> {
  const located =
    folder === null
      ? await locateRunDirectory(context, reference ?? 'latest', { elsewhere: true })
      : { session: basename(resolve(folder)), runDir: resolve(folder) };
  const isHere = located.plan === undefined;
  const plan = located.plan ?? (await readPlan(located.runDir));
  return {
    session: located.session,
    runDir: located.runDir,
    isHere,
    homeHost: plan.hostname ?? null,
    isPooled: plan.pool !== undefined,
    repeats: plan.repeats,
    units: plan.units?.map(({ namespace }) => namespace) ?? null,
    known: folder === null,
  };
}

/** @throws CalibError naming the units, or the number of repeats, that there are */
export function requireWanted(located: Pick<LocatedLogs, 'units' | 'repeats'>, wanted: WantedLaunches): void {
  const { units, repeats } = located;
  const { namespace, repeat } = wanted;
  if (namespace !== null && units !== null && !units.includes(namespace)) {
    throw new CalibError('invalid-input', `no unit ${namespace} in this session`, {
      remedy: `it has ${units.join(', ')}`,
    });
  }
  if (repeat !== null && repeat > repeats) {
    throw new CalibError('invalid-input', `no repeat ${repeat} in this session`, {
      remedy: `it has ${repeats}`,
    });
  }
}

/** Tells launches apart: hosts may have folders of the same name. */
export function keyOfLaunch({ host, folder }: SessionLaunch): string {
  return host === null ? folder : `${host}:${folder}`;
}

/**
 * The launches of a session, oldest first: those of this machine as its disk has them, the living ones of other hosts
 * as they tell the server, the ended ones of other hosts as the run directory records them (where it is here).
 *
 * @param done folders of this machine that need not be read again
 */
export async function listSessionLaunches(
  located: LocatedLogs,
  client: SessionClient | null,
  done: ReadonlySet<string> = new Set(),
): Promise<SessionLaunch[]> {
  // The living first: one that ends meanwhile is then found among the ended ones.
  const living = client === null ? [] : await livingElsewhere(located, client);
  const [here, ended] = located.isHere
    ? await Promise.all([launchesHere(located, done), endedElsewhere(located)])
    : [[], []];
  const found = new Map([...living, ...ended, ...here].map((launch) => [keyOfLaunch(launch), launch]));
  return [...found.values()]
    .filter((launch) => !done.has(keyOfLaunch(launch)))
    .sort((a, b) => a.startedAtMs - b.startedAtMs);
}

async function launchesHere({ runDir }: LocatedLogs, done: ReadonlySet<string>): Promise<SessionLaunch[]> {
  const launches = await listLaunches(runDir, done);
  return launches.map((launch) => ({ ...launch, host: null, runDir }));
}

/** States of a repeat's heartbeat in which its pytest has been started. */
const started: readonly string[] = ['running', 'ending', 'recording'];

async function livingElsewhere(located: LocatedLogs, client: SessionClient): Promise<SessionLaunch[]> {
  const repeats = await readLiveRepeats(client, located.session);
  return repeats.flatMap(({ heartbeat }) => {
    if (heartbeat === null || !started.includes(heartbeat.state)) return [];
    const log = `${heartbeat.launch_dir}.log`;
    const startedAtMs = Date.now() - heartbeat.seconds * 1000;
    return launchElsewhere(located, { lane: heartbeat.lane, log, startedAtMs, end: null });
  });
}

async function endedElsewhere(located: LocatedLogs): Promise<SessionLaunch[]> {
  const { runDir, repeats, units } = located;
  const launches: SessionLaunch[] = [];
  for (const namespace of units ?? []) {
    for (let repeat = 1; repeat <= repeats; repeat += 1) {
      // A damaged record is the audit's business.
      for (const attempt of await readAttempts({ runDir, namespace, repeat }).catch(() => [])) {
        const { lane, log, exit_code: exitCode, signal } = attempt;
        const end = { atMs: Date.parse(attempt.ended_at), exitCode, signal };
        const startedAtMs = Date.parse(attempt.started_at);
        launches.push(...launchElsewhere(located, { lane, log, startedAtMs, end }));
      }
    }
  }
  return launches;
}

interface ToldLaunch extends Pick<StartedLaunch, 'log' | 'startedAtMs' | 'end'> {
  /** `HOST/name`. */
  lane: string | null | undefined;
}

/** By the host in its lane and the path of its log; nothing for those of the home host where its disk is this machine's. */
function launchElsewhere(located: LocatedLogs, { lane, ...told }: ToldLaunch): SessionLaunch[] {
  const host = lane?.slice(0, -nameOfLane(lane).length - 1) ?? '';
  const folder = told.log.replace(/\.log$/, '');
  const unit = dirname(folder);
  const place = parseLaunchFolder(basename(folder));
  const isHere = located.isHere && host === located.homeHost;
  if (host === '' || place === null || isHere) return [];
  const runDir = dirname(dirname(unit));
  return [{ ...told, ...place, namespace: basename(unit), folder, host, runDir }];
}

/**
 * Follows what runs for a session on whichever host. A host that does not answer is said and passed over: the session
 * gives its repeats to others, and so does this.
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
