import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow/index.js';
import { type NativeConnection, Runtime } from '@temporalio/worker';
import { z } from 'zod';

import { type ClosedSession, endClosedSessions } from '../activities/repeat/end-repeat.ts';
import { sessionMark } from '../activities/repeat/claim-repeat.ts';
import { messageOf } from '../domain/text.ts';
import { findMarkedRepeats } from '../host/process/repeat-mark.ts';
import { loadDataConverter } from './encryption.ts';

const inputSchema = z.object({ plan: z.object({ session_id: z.string(), run_dir: z.string() }) });

/**
 * The session of an id when this server has closed it, by what it was started with. Null when it goes on, is not
 * known here or cannot be asked for: no proof, then, that nobody wants its results.
 */
export async function findClosedSession(client: Client, sessionId: string): Promise<ClosedSession | null> {
  try {
    const { status } = await client.workflow.getHandle(sessionId).describe();
    if (status.name === 'RUNNING') return null;
    const { history } = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId: sessionId },
      maximumPageSize: 1,
    });
    const started = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    const [input] = await decodeArrayFromPayloads(
      client.options.loadedDataConverter,
      started?.input?.payloads ?? [],
    );
    return inputSchema.parse(input).plan;
  } catch {
    return null;
  }
}

/**
 * Ends what a session that was terminated from outside has running on this machine: its own worker stops it as soon as it
 * notices; what no worker cares for is ended here.
 *
 * @param noticeMs how long a living worker has to notice
 * @returns what was ended here, a line each, and how many of its repeats still run
 */
export async function endTerminatedSession(
  client: Client,
  sessionId: string,
  noticeMs: number,
): Promise<{ ended: string[]; left: number }> {
  const closed = await findClosedSession(client, sessionId);
  if (closed === null) return { ended: [], left: 0 };
  const ended: string[] = [];
  const untilMs = performance.now() + noticeMs;
  for (;;) {
    const find = (id: string) => Promise.resolve(id === sessionId ? closed : null);
    ended.push(...(await endClosedSessions(find, null)));
    const left = (await findMarkedRepeats(sessionMark(closed))).length;
    if (left === 0 || performance.now() > untilMs) return { ended, left };
    await sleep(500);
  }
}

/** A look at every process of the machine: cheap, but nothing to do all the time. */
const lookEveryMs = 30_000;

/** Where to ask for sessions, and where they lie on this machine. */
export interface OrphanedTestsPlace {
  connection: NativeConnection;
  namespace: string;
  /** Of other hosts' sessions; null where the host is in no pool. */
  runRoot: string | null;
}

/**
 * Ends what closed sessions have left running on this machine, and tells the worker's log. For the start of a worker:
 * before its first task, so that nobody waits for a lane that nobody needs.
 */
export async function stopOrphanedTests({
  connection,
  namespace,
  runRoot,
}: OrphanedTestsPlace): Promise<void> {
  const client = new Client({ connection, namespace, dataConverter: loadDataConverter(process.env) });
  const lines = await endClosedSessions((session) => findClosedSession(client, session), runRoot);
  for (const line of lines) Runtime.instance().logger.info(line);
}

/**
 * The same again and again until stopped: a session that was aborted, cancelled or reset while no worker was there
 * comes to its end without the activity that would have stopped its pytest.
 */
export async function keepStoppingOrphanedTests(place: OrphanedTestsPlace, stop: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
  const logger = Runtime.instance().logger;
  while (!stop.aborted) {
    await sleep(lookEveryMs, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    const looking = stopOrphanedTests(place).catch((error: unknown) => {
      logger.warn(`what closed sessions left could not be ended: ${messageOf(error)}`);
    });
    // A worker that drains does not wait for a server that is silent, nor for a process that does not want to end.
    await Promise.race([looking, stopped]);
  }
}
