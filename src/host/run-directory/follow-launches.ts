import { setTimeout as sleep } from 'node:timers/promises';

import type { StartedLaunch } from './list-launches.ts';

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
 * View A of spec 05 §11: the whole output of the pytest that is running, then by itself that of the next one, until
 * nothing comes any more. What had ended before is not shown; where several run at the same time, one is shown to its end,
 * and those that ended beside it are passed over. Memory does not grow with the logs.
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
