import { setTimeout as sleepFor } from 'node:timers/promises';

/** What one look found. `again` asks for another look soon, before it counts as done. */
export type PollLook<Done, Wait extends { text: string }> =
  | { kind: 'done'; value: Done }
  | { kind: 'again'; afterMs: number }
  /** Not yet; `text` says what is waited for, in one line. */
  | ({ kind: 'wait' } & Wait)
  /** Waiting cannot help. */
  | ({ kind: 'hopeless' } & Wait);

export type Polled<Done, Wait extends { text: string }> =
  | { kind: 'done'; waitedMs: number; value: Done }
  /** `wait` is what the last look found. */
  | { kind: 'hopeless' | 'late'; waitedMs: number; wait: Wait };

export interface PollOptions<Done, Wait extends { text: string }> {
  look: () => Promise<PollLook<Done, Wait>>;
  /** Milliseconds between two looks. */
  pollMs: number;
  /** Milliseconds from the first look after which the waiting is given up; 0 looks once. */
  deadlineMs: number;
  /** Called after each look that asks to wait. */
  onWaiting?: ((wait: Wait & { waitedMs: number }) => void | Promise<void>) | undefined;
  signal?: AbortSignal | undefined;
  /** The edges, replaceable for tests. */
  now?: (() => number) | undefined;
  sleep?: ((milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>) | undefined;
}

/**
 * The one loop in which this host waits for something that only looking can tell: free GPUs, a free lane, a slot.
 *
 * @throws the signal's reason when aborted
 */
export async function pollUntil<Done, Wait extends { text: string }>(
  options: PollOptions<Done, Wait>,
): Promise<Polled<Done, Wait>> {
  const now = options.now ?? (() => performance.now());
  const sleep =
    options.sleep ?? ((milliseconds, signal) => sleepFor(milliseconds, undefined, signal && { signal }));
  const startedAt = now();
  for (;;) {
    options.signal?.throwIfAborted();
    const look = await options.look();
    const waitedMs = now() - startedAt;
    if (look.kind === 'done') return { kind: 'done', waitedMs, value: look.value };
    if (look.kind === 'again') {
      await sleep(look.afterMs, options.signal);
      continue;
    }
    if (look.kind === 'hopeless') return { kind: 'hopeless', waitedMs, wait: look };
    if (waitedMs >= options.deadlineMs) return { kind: 'late', waitedMs, wait: look };
    await options.onWaiting?.({ ...look, waitedMs });
    await sleep(options.pollMs, options.signal);
  }
}
