import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAbsent, namesIn } from '../files.ts';
import { runPaths } from '../paths.ts';
import { listLaunches, readLaunch, type StartedLaunch } from './launches.ts';

/** The next bytes of a pytest's output; valid until the next event is asked for: one buffer serves all. */
export interface LogBytes {
  kind: 'bytes';
  bytes: Uint8Array;
}

export type LogEvent<Launch = StartedLaunch> =
  /** Nothing has run since following began; said once. */
  { kind: 'waiting' } | { kind: 'switch'; launch: Launch } | LogBytes | { kind: 'ended'; launch: Launch };

/** Where launches are found, and how the output of one is read. */
export interface LaunchSource<Launch> {
  /** All that are not `done`, oldest first. */
  list: (done: ReadonlySet<string>) => Promise<Launch[]>;
  /** What `done` knows a launch by. */
  keyOf: (launch: Launch) => string;
  isWanted: (launch: Launch) => boolean;
  /** Yields the output from its first byte to its last; gives the launch as it ended. */
  stream: (launch: Launch) => AsyncGenerator<LogBytes, Launch>;
}

export interface FollowOptions {
  pollMs: number;
  signal: AbortSignal;
  /** True once nothing will be launched any more; asked between launches. */
  isOver: () => Promise<boolean>;
}

/** Which of a session's launches are meant. */
export interface WantedLaunches {
  /** Only this unit's; null = any. */
  namespace: string | null;
  /** Only this repeat; null = any. */
  repeat: number | null;
}

/** True for a launch that is meant. */
export function isWanted(
  launch: { namespace: string; repeat: number },
  { namespace, repeat }: WantedLaunches,
): boolean {
  return (
    (namespace === null || launch.namespace === namespace) && (repeat === null || launch.repeat === repeat)
  );
}

/**
 * The whole output of the pytest that is running, then by itself that of the next one, until
 * nothing comes any more. What had ended before is not shown; where several run at the same time, one is shown to its
 * end, and those that ended beside it are passed over. Memory does not grow with the logs.
 *
 * @throws the signal's reason when aborted
 */
export async function* followLaunches<Launch extends Pick<StartedLaunch, 'startedAtMs' | 'end'>>(
  { list, keyOf, isWanted: wants, stream }: LaunchSource<Launch>,
  { pollMs, signal, isOver }: FollowOptions,
): AsyncGenerator<LogEvent<Launch>> {
  const done = new Set<string>();
  let shownUntilMs = Infinity;
  let said = false;
  for (;;) {
    // Asked before looking: what was launched before the answer is still found.
    const over = await isOver();
    const launches = await list(done);
    const wanted = launches.filter(wants);
    const next =
      wanted.find(({ end }) => end === null) ?? wanted.find(({ startedAtMs }) => startedAtMs >= shownUntilMs);
    for (const launch of launches) if (launch !== next && launch.end !== null) done.add(keyOf(launch));
    if (next !== undefined) {
      yield { kind: 'switch', launch: next };
      const ended = yield* stream(next);
      yield { kind: 'ended', launch: ended };
      done.add(keyOf(next));
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

/** A pytest log and whose it is. */
export interface PytestLog {
  namespace: string;
  repeat: number;
  /** Null where it is not known: the original tool keeps the last attempt's only. */
  attempt: number | null;
  log: string;
}

const logForm = /^run(\d+)(?:\.attempt(\d+))?\.log$/;

/**
 * The log of the pytest that is running, else the one that was written to last, the original tool's included; null
 * where nothing was run yet.
 */
export async function latestLog(runDir: string, wanted: WantedLaunches): Promise<PytestLog | null> {
  const { namespace } = wanted;
  const launches = await listLaunches(runDir);
  const active = launches.find((launch) => launch.end === null && isWanted(launch, wanted));
  if (active !== undefined) return active;
  let latest: { found: PytestLog; writtenAtMs: number } | null = null;
  for (const unit of namespace === null ? await namesIn(join(runDir, '_pytest')) : [namespace]) {
    for (const name of await namesIn(runPaths.unit(runDir, unit))) {
      const [, repeat, attempt] = logForm.exec(name) ?? [];
      if (repeat === undefined || !isWanted({ namespace: unit, repeat: Number(repeat) }, wanted)) continue;
      const log = join(runPaths.unit(runDir, unit), name);
      const written = await stat(log).catch(() => null);
      if (written === null || !written.isFile()) continue;
      // `run{k}.log` is a link to the last attempt's log where calib made it: the attempt's own name says more.
      const newer =
        latest === null ||
        written.mtimeMs > latest.writtenAtMs ||
        (written.mtimeMs === latest.writtenAtMs && attempt !== undefined);
      const found = {
        namespace: unit,
        repeat: Number(repeat),
        attempt: attempt === undefined ? null : Number(attempt),
        log,
      };
      if (newer) latest = { found, writtenAtMs: written.mtimeMs };
    }
  }
  return latest?.found ?? null;
}
