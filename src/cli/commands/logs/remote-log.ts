import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { WorkflowFailedError, isGrpcServiceError } from '@temporalio/client';
import { ApplicationFailure, TimeoutFailure } from '@temporalio/common';

import { CalibError } from '../../../domain/calib-error.ts';
import type { StartedLaunch } from '../../../host/run-directory/logs/launches.ts';
import {
  type LogPart,
  type ReadLogRequest,
  hostTaskQueues,
  readLogWorkflowType,
  workflowTaskQueue,
} from '../../../workflows/messages.ts';
import { hasPoller, requireWorker, type SessionClient } from '../../session/session-client.ts';

/** A launch of a session on whichever host; all paths are those of that host. */
export interface SessionLaunch extends StartedLaunch {
  /** Null where its files are on this machine. */
  host: string | null;
  /** The session's directory there. */
  runDir: string;
}

/** A launch whose log lies on another host. */
export type RemoteLaunch = SessionLaunch & { host: string };

export interface RemoteLogOptions {
  session: string;
  /** True: until its pytest has ended. False: as far as it is written. */
  follow: boolean;
  signal?: AbortSignal;
}

/** Long enough for the host to look again and again, short enough for the limits of `workflows/read-log.ts`. */
const waitMs = 15_000;
/** A part costs a small workflow: lines that come one by one are gathered. */
const pauseMs = 1000;
/** Above the activity's own limits together. */
const partLimit = '2 minutes';
/** Failures of the server that are outlasted while following, one after the other. */
const mostFailures = 60;

/**
 * The lines of a log on another host, in parts; secrets are redacted there.
 *
 * @throws CalibError `not-ready` when that host does not answer or refuses, `unreachable` where no worker runs
 * workflows
 * @throws the signal's reason when aborted
 */
export async function* readRemoteLog(
  client: SessionClient,
  launch: RemoteLaunch,
  { session, follow, signal }: RemoteLogOptions,
): AsyncGenerator<string> {
  await requireWorker(client);
  await requireHost(client, launch);
  const { host, runDir, namespace, repeat, attempt } = launch;
  const place = { host, run_dir: runDir, session_id: session, namespace, repeat, attempt };
  let offset = 0;
  let failures = 0;
  for (;;) {
    try {
      const request = { ...place, offset, wait_ms: follow ? waitMs : 0 };
      const part = await abortable(askPart(client, launch, request), signal);
      failures = 0;
      if (part.text !== '') yield part.text;
      const isAll = part.ended || (!follow && part.offset === offset);
      if (isAll) return;
      offset = part.offset;
    } catch (error) {
      failures += 1;
      if (!follow || !isGrpcServiceError(error) || failures > mostFailures) throw error;
    }
    if (follow) await sleep(pauseMs, undefined, signal === undefined ? {} : { signal });
  }
}

/** Known at once where no worker has polled for minutes; a host that stopped just now is known by its silence. */
async function requireHost(client: SessionClient, launch: RemoteLaunch): Promise<void> {
  if (!(await hasPoller(client, hostTaskQueues(launch.host).home, 'activity'))) throw noAnswer(launch);
}

async function askPart(
  { client }: SessionClient,
  launch: RemoteLaunch,
  request: ReadLogRequest,
): Promise<LogPart> {
  try {
    return await client.workflow.execute<(request: ReadLogRequest) => Promise<LogPart>>(readLogWorkflowType, {
      workflowId: `calib-log-${randomUUID()}`,
      taskQueue: workflowTaskQueue,
      workflowRunTimeout: partLimit,
      staticSummary: `log of ${request.session_id} on ${request.host}`,
      args: [request],
    });
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    throw explained(error, launch);
  }
}

function explained(error: WorkflowFailedError, launch: RemoteLaunch): CalibError {
  let deepest: Error = error;
  while (deepest.cause instanceof Error && !(deepest instanceof ApplicationFailure)) deepest = deepest.cause;
  if (deepest instanceof TimeoutFailure) return noAnswer(launch, error);
  return new CalibError('not-ready', `host ${launch.host} does not give the log: ${deepest.message}`, {
    remedy: `it is ${launch.log} there`,
    cause: error,
  });
}

function noAnswer({ host, log }: RemoteLaunch, cause?: unknown): CalibError {
  const message = `host ${host} does not answer: no worker polls task queue ${hostTaskQueues(host).home}`;
  return new CalibError('not-ready', message, {
    remedy: `start \`calib worker\` there; the log is ${log} on that host`,
    cause,
  });
}

/** The answer is not awaited any longer once aborted; the workflow then ends by itself. */
async function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  signal.throwIfAborted();
  let giveUp = () => {};
  const aborted = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(signal.reason as Error);
  });
  signal.addEventListener('abort', giveUp, { once: true });
  // One of the two is awaited by nobody in the end.
  work.catch(() => undefined);
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}
