import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAbsent } from '../files/has-code.ts';
import {
  type FollowOptions,
  type LogBytes,
  type LogEvent,
  type WantedLaunches,
  followLaunches,
  isWanted,
} from './follow-launches.ts';
import { type StartedLaunch, listLaunches, readLaunch } from './list-launches.ts';

export interface FollowActiveLogOptions extends FollowOptions {
  /** Absolute. */
  runDir: string;
  wanted: WantedLaunches;
}

const bufferBytes = 64 * 1024;

/**
 * Follows what runs in a run directory of this machine.
 *
 * @throws the signal's reason when aborted
 */
export function followActiveLog(options: FollowActiveLogOptions): AsyncGenerator<LogEvent> {
  const { runDir, wanted } = options;
  return followLaunches(
    {
      list: (done) => listLaunches(runDir, done),
      keyOf: ({ folder }) => folder,
      isWanted: (launch) => isWanted(launch, wanted),
      stream: (launch) => streamLog(launch, options),
    },
    options,
  );
}

/** Yields a log of this machine from its first byte until its pytest has ended and every byte was read. */
export async function* streamLog(
  launch: StartedLaunch,
  { pollMs, signal }: Pick<FollowOptions, 'pollMs' | 'signal'>,
): AsyncGenerator<LogBytes, StartedLaunch> {
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
