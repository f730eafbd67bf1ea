import { createReadStream } from 'node:fs';

import { CalibError } from '../domain/calib-error.ts';
import { followActiveLog } from '../host/run-directory/follow-active-log.ts';
import { type PytestLog, latestLog } from '../host/run-directory/latest-log.ts';
import type { StartedLaunch } from '../host/run-directory/list-launches.ts';
import { InterruptedError } from './exit-code.ts';
import { type LocatedLogs, requireUnit } from './locate-logs.ts';
import { note } from './output.ts';
import { watchForEnd } from './watch-for-end.ts';
import { listenForStop } from './stop-signal.ts';

export interface LogsRequest extends LocatedLogs {
  /** Only this unit's; null = whichever is active. */
  namespace: string | null;
}

const lookPauseMs = 250;

/**
 * Prints the log of the active pytest as far as it is written, or the last one's.
 *
 * @throws CalibError `not-ready` where nothing was run yet
 */
export async function printLatestLog(request: LogsRequest): Promise<void> {
  requireUnit(request, request.namespace);
  const log = await latestLog(request.runDir, request.namespace);
  if (log === null) {
    throw new CalibError('not-ready', `no pytest was started yet in ${request.runDir}`, {
      remedy: 'add --follow to wait for the first one',
    });
  }
  note(header(log, request.repeats));
  for await (const bytes of createReadStream(log.log)) await print(bytes as Buffer);
}

/**
 * Prints the active pytest's output as it is written, then the next one's, until the session ends.
 *
 * @throws InterruptedError at Ctrl-C, which does not touch the session
 */
export async function followLogs(request: LogsRequest): Promise<void> {
  requireUnit(request, request.namespace);
  const stop = listenForStop(() => undefined);
  const end = await watchForEnd(request);
  try {
    const events = followActiveLog({
      runDir: request.runDir,
      namespace: request.namespace,
      pollMs: lookPauseMs,
      signal: stop.signal,
      isOver: end.isOver,
    });
    for await (const event of events) {
      switch (event.kind) {
        case 'waiting':
          note(`waiting for a pytest of ${request.session}`);
          break;
        case 'switch':
          note(header(event.launch, request.repeats));
          break;
        case 'bytes':
          await print(event.bytes);
          break;
        case 'ended':
          note(`--- ${ending(event.launch)}`);
          break;
      }
    }
    note(`${request.session} has ended`);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    throw new InterruptedError();
  } finally {
    stop.release();
    await end.close();
  }
}

/** Says whose output follows; on stderr, so that what is piped on is pytest's own. */
function header({ namespace, repeat, attempt, log }: PytestLog, repeats: number): string {
  const number = attempt === null ? '' : `, attempt ${attempt}`;
  return `==> ${namespace} run ${repeat}/${repeats}${number}: ${log}`;
}

function ending({ namespace, repeat, end }: StartedLaunch): string {
  const how =
    end?.signal ?? (end?.exitCode === null || end === null ? 'without a trace' : `exit ${end.exitCode}`);
  return `${namespace} run ${repeat} ended (${how})`;
}

/** Waits until the bytes are taken: a slow reader must not make them pile up here. */
async function print(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}
