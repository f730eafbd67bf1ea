import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import type { ActiveRun } from '../../../domain/audit/status-document.ts';
import { slowStartupSeconds } from '../../../domain/pytest/log-signatures.ts';
import { utcTimestamp } from '../../../domain/text.ts';
import { followLog } from '../../log/follow-log.ts';
import { isAlive } from '../../process/identity.ts';
import {
  launchExitSchema,
  launchFiles,
  launchIdentitySchema,
  readLaunchDocument,
  readLaunchLane,
} from '../../process/launch-files.ts';
import { parseLaunchFolder } from '../attempt-numbers.ts';
import { namesIn } from '../files.ts';
import { runPaths } from '../paths.ts';

/** One pytest process that was started in a run directory. */
export interface StartedLaunch {
  namespace: string;
  repeat: number;
  attempt: number;
  /** Of the supervisor's files. */
  folder: string;
  /** pytest's output. */
  log: string;
  startedAtMs: number;
  /** Null while its pytest lives on this machine or its end is being recorded; times unknown where it left no trace. */
  end: { atMs: number | null; exitCode: number | null; signal: string | null } | null;
}

/**
 * The launches of a run directory whose pytest was started and that are not discarded, oldest first, found by what each
 * left on disk, never by searching command lines.
 *
 * @param skip folders that need not be read again, as a follower knows that they have ended
 */
export async function listLaunches(
  runDir: string,
  skip: ReadonlySet<string> = new Set(),
): Promise<StartedLaunch[]> {
  const launches: StartedLaunch[] = [];
  for (const namespace of await namesIn(join(runDir, '_pytest'))) {
    for (const name of await namesIn(runPaths.unit(runDir, namespace))) {
      const launch = parseLaunchFolder(name);
      if (launch === null) continue;
      const place = { namespace, ...launch };
      const folder = runPaths.launch(runDir, namespace, place.repeat, place.attempt);
      if (skip.has(folder)) continue;
      const started = await readLaunch({ ...place, folder, log: logOf(runDir, place) });
      if (started !== null) launches.push(started);
    }
  }
  return launches.sort((a, b) => a.startedAtMs - b.startedAtMs);
}

/** How a launch stands now; null when its pytest was never started, or its folder is gone. */
export async function readLaunch(
  place: Omit<StartedLaunch, 'startedAtMs' | 'end'>,
): Promise<StartedLaunch | null> {
  const { folder } = place;
  const identity = await readLaunchDocument(launchFiles.identity(folder), launchIdentitySchema);
  if (identity.kind !== 'read') return null;
  const { child, supervisor, boot_id, started_at } = identity.document;
  const started = { ...place, startedAtMs: Date.parse(started_at) };
  if (isAlive({ ...child, boot_id })) return { ...started, end: null };
  // The order matters: a supervisor that is gone has written its exit file before.
  const supervised = isAlive({ ...supervisor, boot_id });
  const exit = await readLaunchDocument(launchFiles.exit(folder), launchExitSchema);
  if (exit.kind === 'read') {
    const { ended_at, exit_code, signal } = exit.document;
    return { ...started, end: { atMs: Date.parse(ended_at), exitCode: exit_code, signal } };
  }
  return { ...started, end: supervised ? null : { atMs: null, exitCode: null, signal: null } };
}

function logOf(runDir: string, place: Pick<StartedLaunch, 'namespace' | 'repeat' | 'attempt'>): string {
  return runPaths.attemptLog(runDir, place.namespace, place.repeat, place.attempt);
}

/**
 * The pytest processes of a run directory that live on this machine at this moment. `now` in milliseconds; log paths
 * are absolute.
 */
export async function readActiveRuns(runDir: string, now: number): Promise<ActiveRun[]> {
  const launches = await listLaunches(resolve(runDir));
  const living = launches.filter(({ end }) => end === null);
  return await Promise.all(living.map(async (launch) => await activeRun(launch, now)));
}

async function activeRun(launch: StartedLaunch, now: number): Promise<ActiveRun> {
  const { namespace, repeat, attempt, log, startedAtMs, folder } = launch;
  const found = await stat(log).catch(() => null);
  const lane = await readLaunchLane(folder);
  return {
    namespace,
    k: repeat,
    attempt,
    started_at: utcTimestamp(new Date(startedAtMs)),
    log,
    log_bytes: found?.size ?? null,
    stalled_s: found === null ? null : Math.max(0, Math.round((now - found.mtimeMs) / 1000)),
    gpus: lane?.gpus ?? null,
    ...(lane === null ? {} : { lane: lane.lane }),
    ...((await startsSlowly(launch, lane?.gpus ?? [], now))
      ? { starting_since: utcTimestamp(new Date(startedAtMs)) }
      : {}),
  };
}

/** Looks of 8 MiB: a longer log without a readiness line says nothing of a start-up any more. */
const mostLooks = 4;

/** A test with GPUs starts a server as a rule; one without may never say that anything is ready. */
async function startsSlowly(launch: StartedLaunch, gpus: readonly number[], now: number): Promise<boolean> {
  if (gpus.length === 0 || now - launch.startedAtMs <= slowStartupSeconds * 1000) return false;
  const log = followLog({ path: launch.log });
  try {
    for (let looks = 0; looks < mostLooks; looks += 1) {
      const { becameReady, behind } = await log.look();
      if (becameReady) return false;
      if (!behind) return true;
    }
    return false;
  } catch {
    return false;
  } finally {
    await log.close();
  }
}
