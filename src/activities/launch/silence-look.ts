import { setTimeout as sleep } from 'node:timers/promises';

import { activityText, type ProcessActivity } from '../../domain/observation/process-activity.ts';
import type { LaunchMark } from '../../host/process/repeat-mark.ts';
import { readActivity } from '../../host/process/read-activity.ts';

/** A log that is silent for less is nothing to look into. */
const quietSeconds = 60;
const lookEveryMs = 10_000;
const patienceMs = 2000;

/** What the processes of a launch do while its log is silent: looked at beside the watch, which never waits for it. */
export class SilenceLook {
  readonly #mark: LaunchMark;
  readonly #afterSeconds: number;
  readonly #everyMs: number;
  #nextAtMs = 0;
  #looking: Promise<void> | null = null;
  #before: ProcessActivity | null = null;
  #last: ProcessActivity | null = null;

  /** @param limitSeconds the silence after which somebody is told; half of it is enough to look */
  constructor(mark: LaunchMark, limitSeconds: number) {
    this.#mark = mark;
    this.#afterSeconds = Math.min(quietSeconds, limitSeconds / 2);
    this.#everyMs = Math.min(lookEveryMs, limitSeconds * 250);
  }

  /** Looks where that is due, and forgets what it saw once the log grows again. */
  update(silentSeconds: number): void {
    if (silentSeconds < this.#afterSeconds) {
      this.#before = null;
      this.#last = null;
      return;
    }
    if (this.#looking !== null || performance.now() < this.#nextAtMs) return;
    this.#looking = this.#look();
  }

  /** In words; null while nothing has been seen. */
  get text(): string | null {
    return this.#last === null ? null : activityText(this.#last, this.#before);
  }

  /** The same for a launch that is about to be ended: worth a moment's waiting. */
  async finalText(): Promise<string | null> {
    if (this.#last === null) {
      const patience = new AbortController();
      const late = sleep(patienceMs, undefined, { signal: patience.signal, ref: false }).catch(
        () => undefined,
      );
      await Promise.race([(this.#looking ??= this.#look()), late]);
      patience.abort();
    }
    return this.text;
  }

  async #look(): Promise<void> {
    try {
      const seen = await readActivity({ mark: this.#mark });
      this.#before = this.#last;
      this.#last = seen;
    } catch {
      // It only explains; the next look may succeed.
    } finally {
      this.#nextAtMs = performance.now() + this.#everyMs;
      this.#looking = null;
    }
  }
}
