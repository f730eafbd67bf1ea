import { setTimeout as sleep } from 'node:timers/promises';

import { Client } from '@temporalio/client';
import { type NativeConnection, Runtime } from '@temporalio/worker';

import { endClosedSessions } from '../activities/end-closed-sessions.ts';
import { messageOf } from '../domain/message-of.ts';
import { loadDataConverter } from './data-converter.ts';
import { findClosedSession } from './find-closed-session.ts';

/** A look at every process of the machine: cheap, but nothing to do all the time. */
const lookEveryMs = 30_000;

/** Where to ask for sessions, and where they lie on this machine. */
export interface StraysPlace {
  connection: NativeConnection;
  namespace: string;
  /** Of other hosts' sessions; null where the host is in no pool. */
  runRoot: string | null;
}

/**
 * Ends what closed sessions have left running on this machine, and tells the worker's log. For the start of a worker: before
 * its first task, so that nobody waits for a lane that nobody needs.
 */
export async function endStrays({ connection, namespace, runRoot }: StraysPlace): Promise<void> {
  const client = new Client({ connection, namespace, dataConverter: loadDataConverter(process.env) });
  const lines = await endClosedSessions((session) => findClosedSession(client, session), runRoot);
  for (const line of lines) Runtime.instance().logger.info(line);
}

/**
 * The same again and again until stopped: a session that was aborted, cancelled or reset while no worker was there comes to
 * its end without the activity that would have stopped its pytest.
 */
export async function keepEndingStrays(place: StraysPlace, stop: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true });
  });
  const logger = Runtime.instance().logger;
  while (!stop.aborted) {
    await sleep(lookEveryMs, undefined, { signal: stop }).catch(() => undefined);
    if (stop.aborted) return;
    const looking = endStrays(place).catch((error: unknown) => {
      logger.warn(`what closed sessions left could not be ended: ${messageOf(error)}`);
    });
    // A worker that drains does not wait for a server that is silent, nor for a process that does not want to end.
    await Promise.race([looking, stopped]);
  }
}
