import { randomUUID } from 'node:crypto';

import { Context } from '@temporalio/activity';

import { utcTimestamp } from '../domain/clock.ts';
import { writeLaunchLane } from '../host/process/launch-lane.ts';
import { type LaunchStart, launchSupervised } from '../host/process/launch-supervised.ts';
import { nextAttemptNumber } from '../host/run-directory/attempt-numbers.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { endLaunch } from './end-launch.ts';
import { endOwnProcesses, endStrayProcesses } from './end-own-processes.ts';
import { followLaunch } from './follow-launch.ts';
import { launchMark } from './launch-mark.ts';
import { type OpenLane, isStillFree, openLane } from './open-lane.ts';
import {
  type PreparedLane,
  type PreparedLaunch,
  announceLaunch,
  announceRepeat,
  prepareLaunch,
} from './prepare-launch.ts';
import { type Ended, type Launch, type Repeat, toSeconds } from './repeat.ts';

/** What became of an attempt. */
export type Launched =
  | { kind: 'ended'; ended: Ended }
  /** No lane was to be had in time: nothing was launched (spec 05 §7). */
  | { kind: 'no-lane'; attempt: number; reason: string; leased: boolean; waitedSeconds: number };

/**
 * Launches pytest once more for a repeat that has no launch going on, and follows it to its end. `first` is the first
 * attempt of a pass, which is announced.
 *
 * @throws the cancellation's reason when cancelled; CalibError or the file system's error when something refuses.
 */
export async function launchAttempt(repeat: Repeat, first: boolean): Promise<Launched> {
  const launch = await newLaunch(repeat);
  const startedAtMs = performance.now();
  const use = { ...launch, startedAtMs, deadlineMs: startedAtMs + repeat.policies.gpu_wait_s * 1000 };
  repeat.heartbeats.say(startingBeat(launch));
  if (first) await announceRepeat(repeat);
  await endOwnProcesses(repeat, null);
  if (repeat.unit.gpus > 0) await endStrayProcesses(repeat);
  for (;;) {
    const opening = await openLane(repeat, use);
    const waitedSeconds = toSeconds(performance.now() - startedAtMs);
    if (opening.kind === 'closed') {
      const { reason, leased } = opening;
      return { kind: 'no-lane', attempt: launch.attempt, reason, leased, waitedSeconds };
    }
    const { lane } = opening;
    try {
      const takenAtMs = performance.now();
      const prepared = await prepareLaunch(repeat, launch, lanePart(lane));
      if (await isStillFree(repeat, lane, takenAtMs, use)) {
        const ended = await runOn(repeat, { launch, lane, prepared, startedAtMs });
        return { kind: 'ended', ended };
      }
    } finally {
      // A pytest that goes on keeps its own lease: the supervisor's.
      await lane.lease.release();
    }
  }
}

/** The next number, its folder and its mark. */
async function newLaunch({ place, input }: Repeat): Promise<Omit<Launch, 'lane'>> {
  const attempt = await nextAttemptNumber(place, input.first_attempt);
  return {
    attempt,
    launchDir: runPaths.launch(place.runDir, place.namespace, place.repeat, attempt),
    logPath: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, attempt),
    mark: launchMark(input, attempt, randomUUID()),
  };
}

async function runOn(
  repeat: Repeat,
  start: {
    launch: Omit<Launch, 'lane'>;
    lane: OpenLane;
    prepared: PreparedLaunch;
    startedAtMs: number;
  },
): Promise<Ended> {
  const { lane, prepared } = start;
  const launch: Launch = {
    ...start.launch,
    lane: {
      lane: lane.name,
      gpus: lane.gpus.map(({ index }) => index),
      gpu_uuids: lane.gpus.map(({ uuid }) => uuid),
      gate_s: toSeconds(performance.now() - start.startedAtMs),
      launched_at: utcTimestamp(new Date()),
      notes: prepared.notes,
      resources: [...lane.lease.resources],
    },
  };
  writeLaunchLane(launch.launchDir, launch.lane);
  await announceLaunch(repeat, launch);
  // The last moment at which nothing has been started: afterwards a cancelled attempt has a pytest to care for.
  Context.current().cancellationSignal.throwIfAborted();
  const started: LaunchStart = await launchSupervised(prepared.spec);
  // The supervisor's own start, which comes first, is no part of pytest's start-up.
  if (started.state === 'ended') {
    return await endLaunch(repeat, launch, { exit: started.exit, lost: null, identity: null, watch: null });
  }
  const { handle } = started;
  return await followLaunch(repeat, launch, { handle, ageMs: 0, adopted: false });
}

function lanePart({ gpus, lease, declared }: OpenLane): PreparedLane {
  return { gpus: gpus.map(({ index }) => index), runNames: lease.runNames, declared };
}

function startingBeat({ attempt, launchDir }: Omit<Launch, 'lane'>) {
  const text = 'looking for a lane';
  return { state: 'starting' as const, text, attempt, launch_dir: launchDir, lane: null, seconds: 0 };
}
