import { setTimeout as sleep } from 'node:timers/promises';

import { Context } from '@temporalio/activity';

import { utcTimestamp } from '../../domain/text.ts';
import { waitForGpus } from '../../host/gpu/gpu-gate.ts';
import type { EndedProcess, EndedProcesses } from '../../host/process/end-processes.ts';
import type { LaunchExit, LaunchIdentity } from '../../host/process/launch-files.ts';
import { type LaunchEnd, type LaunchHandle, readLaunchEnd } from '../../host/process/launch-handle.ts';
import { appendAttempt } from '../../host/run-directory/attempts-file.ts';
import { attemptOf, classifyEnded, stopText } from '../repeat/attempt.ts';
import { endOwnProcesses, laneCleaner } from '../repeat/end-repeat.ts';
import { LaunchWatch, type WatchStart } from './launch-watch.ts';
import {
  type Ended,
  type Launch,
  logLines,
  lookAtGpus,
  type Repeat,
  toSeconds,
  waitReporter,
} from '../repeat/repeat.ts';

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
 * its GPUs. Changes nothing on disk but `run.log`.
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

/** The claim on the repeat is held meanwhile: whoever comes next waits for it. */
const answerLimitMs = 10_000;

/** The parts of Temporal's cancellation details that decide about a running pytest. */
export interface CancellationKind {
  cancelRequested: boolean;
  notFound: boolean;
}

/**
 * What a cancelled attempt does about its pytest. Only a session that wants no result any more ends it: after a cancel
 * request, or when its workflow was closed and nobody else is left to do it. A worker that shuts down, a pause, a reset
 * or a time-out leave it to whoever adopts it.
 */
export async function onCancellation(repeat: Repeat, launch: Launch, handle: LaunchHandle): Promise<void> {
  const details = Context.current().cancellationDetails;
  const why = await reasonToStop(repeat, details);
  if (why === null) {
    repeat.heartbeats.repeat();
    return;
  }
  await handle.requestStop(stopText({ kind: 'cancelled', why }));
  await endOwnProcesses(repeat, handle.identity);
  const exit = await awaitExit(handle);
  const ended = {
    launch,
    exit,
    lost: exit === null ? 'it left no exit status' : null,
    identity: handle.identity,
    signatures: [],
    cleanupSeconds: 0,
    startupSeconds: null,
    leftover: null,
    notes: [],
  };
  const classified = { ...classifyEnded(ended), outcome: 'aborted' as const, reason: why };
  await appendAttempt(repeat.place, attemptOf(repeat, ended, { classified, now: utcTimestamp(new Date()) }));
  await logLines(repeat, `[${repeat.input.namespace}] run ${repeat.input.repeat}: ${why}, pytest stopped`);
}

/** Why pytest must end; null when it is to be left alone. */
async function reasonToStop(
  { deps }: Pick<Repeat, 'deps'>,
  details: CancellationKind | undefined,
): Promise<string | null> {
  if (details === undefined) return null;
  if (details.cancelRequested) return 'session aborted';
  if (!details.notFound) return null;
  const { workflowExecution } = Context.current().info;
  if (workflowExecution === undefined) return null;
  const { workflowId, runId } = workflowExecution;
  // A server that cannot be asked, or does not answer, is no proof that the session is gone.
  const unknown = new AbortController();
  const silence = sleep(answerLimitMs, true, { signal: unknown.signal, ref: false }).catch(() => true);
  const open = await Promise.race([deps.isSessionOpen(workflowId, runId).catch(() => true), silence]);
  unknown.abort();
  return open ? null : 'session closed';
}

/** The supervisor writes the exit status within moments of the child's end. */
async function awaitExit(handle: LaunchHandle): Promise<LaunchExit | null> {
  const end = (await readLaunchEnd(handle.launchDir, handle.identity)) ?? (await handle.waitForExit());
  return end.state === 'ended' ? end.exit : null;
}

/**
 * Follows a running launch to its end and gives its lane back, ending it where the watch says so.
 *
 * @throws the cancellation's reason when cancelled, after pytest was stopped or left alone as its kind demands.
 */
export async function followLaunch(
  repeat: Repeat,
  launch: Launch,
  run: WatchStart & { handle: LaunchHandle; holdsLane?: boolean },
): Promise<Ended> {
  const { handle } = run;
  const context = Context.current();
  const watch = new LaunchWatch(repeat, launch, run);
  let end: LaunchEnd;
  try {
    end = await handle.waitForExit({
      signal: context.cancellationSignal,
      onTick: async () => {
        const { stop, behind } = await watch.look();
        if (stop !== null) await handle.requestStop(stopText(stop));
        return behind ? 'again' : undefined;
      },
    });
  } catch (error) {
    // Before the log is let go: a disk that does not answer must not keep pytest alive.
    if (context.cancellationSignal.aborted) await onCancellation(repeat, launch, handle);
    await watch.close();
    throw error;
  }
  return await endLaunch(repeat, launch, {
    exit: end.state === 'ended' ? end.exit : null,
    lost: end.state === 'lost' ? end.reason : null,
    identity: handle.identity,
    watch,
    holdsLane: run.holdsLane ?? true,
  });
}
