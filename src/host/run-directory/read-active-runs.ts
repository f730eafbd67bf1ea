import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';

import type { ActiveRun } from '../../domain/audit/status-document.ts';
import { utcTimestamp } from '../../domain/clock.ts';
import { readLaunchLane } from '../process/launch-lane.ts';
import { type StartedLaunch, listLaunches } from './list-launches.ts';

/**
 * The pytest processes of a run directory that live on this machine at this moment. `now` in milliseconds; log paths are
 * absolute.
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
  };
}
