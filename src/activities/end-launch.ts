import { Context } from '@temporalio/activity';

import { waitForGpus } from '../host/gpu/gpu-gate.ts';
import type { EndedProcess, EndedProcesses } from '../host/process/end-processes.ts';
import type { LaunchExit, LaunchIdentity } from '../host/process/launch-documents.ts';
import { endOwnProcesses } from './end-own-processes.ts';
import { laneCleaner } from './lane-cleaner.ts';
import type { LaunchWatch } from './launch-watch.ts';
import { type Ended, type Launch, type Repeat, lookAtGpus, toSeconds } from './repeat.ts';
import { waitReporter } from './wait-reporter.ts';

export interface LaunchOutcome {
  exit: LaunchExit | null;
  lost: string | null;
  identity: LaunchIdentity | null;
  /** Null when nothing was there to be watched. */
  watch: LaunchWatch | null;
  /** False when the lane has gone to somebody else meanwhile, whose memory is not ours. */
  holdsLane?: boolean;
}

const mostNotes = 20;

/**
 * After the end of a launch, whatever it was: the rest of the log, the processes that it left behind, and the memory of
 * its GPUs (spec 05 §7, §8). Changes nothing on disk but `run.log`.
 *
 * @throws the cancellation's reason when cancelled while it waits for memory.
 */
export async function endLaunch(repeat: Repeat, launch: Launch, outcome: LaunchOutcome): Promise<Ended> {
  const { watch } = outcome;
  const startedAtMs = performance.now();
  repeat.heartbeats.say({
    state: 'ending',
    text: 'pytest has ended, its processes are cleared away',
    attempt: launch.attempt,
    launch_dir: launch.launchDir,
    lane: launch.lane.lane,
    seconds: 0,
  });
  await watch?.finish();
  const processes = await endOwnProcesses(repeat, outcome.identity);
  const notes = [...launch.lane.notes, ...(watch?.notes ?? []), ...endedNotes(processes)];
  const memory = outcome.holdsLane === false ? null : await waitForMemory(repeat, launch);
  if (memory !== null) notes.push(memory);
  return {
    launch,
    exit: outcome.exit,
    lost: outcome.lost,
    identity: outcome.identity,
    signatures: watch?.signatures ?? [],
    cleanupSeconds: toSeconds(performance.now() - startedAtMs),
    startupSeconds: watch?.startupSeconds ?? null,
    leftover: leftoverOf(processes, memory),
    notes,
  };
}

/** Why the lane's GPUs were not given back within the gate's time; null when they were. */
async function waitForMemory(repeat: Repeat, launch: Launch): Promise<string | null> {
  const { gpus: indices, lane } = launch.lane;
  if (indices.length === 0) return null;
  const cleaner = laneCleaner(repeat, launch.mark);
  const report = waitReporter(repeat, {
    state: 'ending',
    attempt: launch.attempt,
    launch_dir: launch.launchDir,
    lane,
  });
  await cleaner.clean(indices);
  const gate = await waitForGpus({
    indices,
    recheckMs: 0,
    pollMs: repeat.timing.gatePollMs,
    deadlineMs: repeat.policies.gpu_wait_s * 1000,
    signal: Context.current().cancellationSignal,
    read: () => lookAtGpus(repeat),
    onWaiting: async (wait) => {
      await report(wait);
      await cleaner.cleanIfDue(indices);
    },
  });
  return gate.kind === 'open' ? null : gate.reason;
}

function leftoverOf({ unkillable }: EndedProcesses, memory: string | null): string | null {
  if (unkillable.length > 0) {
    const names = unkillable.map(({ pid, command }) => `pid ${pid} (${command})`).join(', ');
    return `could not be ended, not even by SIGKILL: ${names}`;
  }
  return memory === null ? null : 'GPU memory not released after run';
}

/** Every kill is an event of the record; a server may have hundreds of children, of which the first tell the story. */
function endedNotes({ ended }: EndedProcesses): string[] {
  const more = ended.length - mostNotes;
  const told = ended.slice(0, mostNotes).map(describeEnded);
  return more > 0 ? [...told, `ended ${more} more of its processes`] : told;
}

function describeEnded({ pid, command, signal, proof }: EndedProcess): string {
  return `ended pid ${pid} by ${signal} (${command}; ours by ${proof})`;
}
