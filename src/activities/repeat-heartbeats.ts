import { Context } from '@temporalio/activity';

import type { RepeatHeartbeat } from './activity-types.ts';

/**
 * Heartbeats of one repeat. What was said last is said again while nothing changes: ending processes, a clean-up script
 * or a slow disk may take longer than the heartbeat timeout.
 */
export class RepeatHeartbeats {
  #last: RepeatHeartbeat | null = null;
  readonly #timer: NodeJS.Timeout;
  readonly #context = Context.current();

  constructor(everyMs: number) {
    this.#timer = setInterval(() => {
      if (this.#last !== null) this.#context.heartbeat(this.#last);
    }, everyMs);
    this.#timer.unref();
  }

  /** Shows what the repeat does or waits for: visible while pending, and in the failure if the worker dies. */
  say(beat: RepeatHeartbeat): void {
    this.#last = beat;
    this.#context.heartbeat(beat);
  }

  /** The last word again, at once. */
  repeat(): void {
    if (this.#last !== null) this.#context.heartbeat(this.#last);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
