import { setTimeout as sleep } from 'node:timers/promises';

import { Context } from '@temporalio/activity';

import { utcTimestamp } from '../domain/clock.ts';
import type { LaunchExit } from '../host/process/launch-documents.ts';
import { type LaunchHandle, readLaunchEnd } from '../host/process/launch-handle.ts';
import { appendAttempt } from '../host/run-directory/attempts-file.ts';
import { attemptOf, classifyEnded } from './attempt-record.ts';
import { endOwnProcesses } from './end-own-processes.ts';
import { type Launch, type Repeat, logLines } from './repeat.ts';
import { stopText } from './stop-text.ts';

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
export async function leaveOrStop(repeat: Repeat, launch: Launch, handle: LaunchHandle): Promise<void> {
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
