import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAbsent } from '../files/has-code.ts';
import { type StartedLaunch, listLaunches, readLaunch } from './list-launches.ts';

export interface FollowActiveLogOptions {
  /** Absolute. */
  runDir: string;
  /** Only this unit's runs; null = whichever is active. */
  namespace: string | null;
  pollMs: number;
  signal: AbortSignal;
  /** True once nothing will be launched any more; asked between launches. */
  isOver: () => Promise<boolean>;
}

export type LogEvent =
  /** Nothing has run since following began; said once. */
  | { kind: 'waiting' }
  | { kind: 'switch'; launch: StartedLaunch }
  /** Valid until the next event is asked for: one buffer serves all. */
  | { kind: 'bytes'; bytes: Uint8Array }
  | { kind: 'ended'; launch: StartedLaunch };

const bufferBytes = 64 * 1024;

/**
 * View A of spec 05 §11: the whole output of the pytest that is running, then by itself that of the next one, until
 * nothing comes any more. What had ended before is not shown; where several run at the same time, one is shown to its end,
 * and those that ended beside it are passed over. Memory does not grow with the logs.
 *
 * @throws the signal's reason when aborted
 */
export async function* followActiveLog(options: FollowActiveLogOptions): AsyncGenerator<LogEvent> {
  const { runDir, namespace, pollMs, signal, isOver } = options;
  const done = new Set<string>();
  let shownUntilMs = Infinity;
  let said = false;
  for (;;) {
    // Asked before looking: what was launched before the answer is still found.
    const over = await isOver();
    const launches = await listLaunches(runDir, done);
    const wanted = launches.filter((launch) => namespace === null || launch.namespace === namespace);
    const next =
      wanted.find(({ end }) => end === null) ?? wanted.find(({ startedAtMs }) => startedAtMs >= shownUntilMs);
    for (const launch of launches) if (launch !== next && launch.end !== null) done.add(launch.folder);
    if (next !== undefined) {
      yield { kind: 'switch', launch: next };
      const ended = yield* streamLog(next, options);
      yield { kind: 'ended', launch: ended };
      done.add(next.folder);
      shownUntilMs = ended.end?.atMs ?? Date.now();
      continue;
    }
    if (over) return;
    if (!said) yield { kind: 'waiting' };
    said = true;
    // From now on a launch that is over between two looks is the next one, not an old one.
    if (shownUntilMs === Infinity) shownUntilMs = 0;
    await sleep(pollMs, undefined, { signal });
  }
}

/** Yields a log from its first byte until its pytest has ended and every byte was read. */
async function* streamLog(
  launch: StartedLaunch,
  { pollMs, signal }: FollowActiveLogOptions,
): AsyncGenerator<LogEvent, StartedLaunch> {
  const buffer = Buffer.allocUnsafe(bufferBytes);
  let file: FileHandle | null = null;
  let position = 0;
  try {
    for (;;) {
      // Before reading: bytes that are written after the last look at a living process are not missed.
      const now = (await readLaunch(launch)) ?? {
        ...launch,
        end: { atMs: null, exitCode: null, signal: null },
      };
      file ??= await openIfPresent(launch.log);
      for (;;) {
        const read = await file?.read(buffer, 0, bufferBytes, position);
        if (read === undefined || read.bytesRead === 0) break;
        position += read.bytesRead;
        yield { kind: 'bytes', bytes: buffer.subarray(0, read.bytesRead) };
      }
      if (now.end !== null) return now;
      await sleep(pollMs, undefined, { signal });
    }
  } finally {
    await file?.close();
  }
}

async function openIfPresent(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
}
