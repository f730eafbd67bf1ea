import { basename, dirname } from 'node:path';

import { nameOfLane } from '../domain/lanes/lane.ts';
import { readAttempts } from '../host/run-directory/attempts-file.ts';
import { type StartedLaunch, listLaunches } from '../host/run-directory/list-launches.ts';
import { parseLaunchFolder } from '../host/run-directory/parse-launch-folder.ts';
import { readLiveRepeats } from './live-repeats.ts';
import type { LocatedLogs } from './locate-logs.ts';
import type { SessionClient } from './session-client.ts';

/** A launch of a session on whichever host; all paths are those of that host. */
export interface SessionLaunch extends StartedLaunch {
  /** Null where its files are on this machine. */
  host: string | null;
  /** The session's directory there. */
  runDir: string;
}

/** Tells launches apart: hosts may have folders of the same name. */
export function keyOfLaunch({ host, folder }: SessionLaunch): string {
  return host === null ? folder : `${host}:${folder}`;
}

/**
 * The launches of a session, oldest first: those of this machine as its disk has them, the living ones of other hosts as they
 * tell the server, the ended ones of other hosts as the run directory records them (where it is here).
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
