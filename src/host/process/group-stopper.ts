import { hasCode } from '../files/has-code.ts';

/** TERM to a group that we made, KILL after a grace: to the group even when its leader is gone. Used by the supervisor. */
export class GroupStopper {
  /** Whether `stop` was called. */
  asked = false;
  /** Whether KILL was needed. */
  killed = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #group: number | undefined;
  readonly #graceMs: number;

  /** `group` is the pid of a child started as leader of its own group; undefined when it did not start. */
  constructor(group: number | undefined, graceMs: number) {
    this.#group = group;
    this.#graceMs = graceMs;
  }

  stop(): void {
    if (this.asked) return;
    this.asked = true;
    this.#signalGroup('SIGTERM');
    this.#timer = setTimeout(() => {
      this.killed = true;
      this.#signalGroup('SIGKILL');
    }, this.#graceMs);
  }

  /**
   * After the leader's end: waits until the rest of its group is gone, which the timer sees to. A group's number is
   * not given to a new process while the group has members, and it is watched without a gap from the leader's end on.
   */
  async finish(): Promise<void> {
    const giveUpAt = performance.now() + this.#graceMs + 2000;
    while (this.#signalGroup(0) && performance.now() < giveUpAt) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    clearTimeout(this.#timer);
  }

  /** Whether the group exists. */
  #signalGroup(signal: NodeJS.Signals | 0): boolean {
    // 0 and 1 would mean our own group and everybody.
    if (this.#group === undefined || this.#group <= 1) return false;
    try {
      process.kill(-this.#group, signal);
      return true;
    } catch (error) {
      return hasCode(error, 'EPERM');
    }
  }
}
