import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

import { hasCode } from '../run-directory/files.ts';
import { uptimeMs } from './identity.ts';

/** What became of the time of day while a launch ran; known only where it was set. */
export interface ClockRecord {
  /** Each setting, in seconds of two decimals; negative = set back. The first twenty. */
  steps_s: number[];
  /** The furthest that the time of day went below that of the launch, in whole seconds, rounded up; 0 when it never did. */
  behind_s: number;
}

/** The time of day and the time since boot, at one moment, in milliseconds. */
export interface ClockReading {
  wallMs: number;
  uptimeMs: number;
}

/** The kernel tells the time since boot in hundredths, and a busy host may pause between the two readings. */
const smallestStepMs = 1000;
const mostSteps = 20;

/** Both clocks at this moment. */
export function readClocks(): ClockReading {
  return { wallMs: Date.now(), uptimeMs: uptimeMs() };
}

/**
 * Compares the time of day with the time since boot, which nobody sets: whoever judges by their times whether files
 * were written since the launch has to know how far the time of day was set back meanwhile. Two settings between two
 * looks that undo each other are not seen.
 */
export class ClockWatch {
  readonly #launch: ClockReading;
  readonly #read: () => ClockReading;
  #last: ClockReading;
  #lowestMs: number;
  readonly #steps: number[] = [];

  constructor(launch: ClockReading, read: () => ClockReading = readClocks) {
    this.#launch = launch;
    this.#last = launch;
    this.#lowestMs = launch.wallMs;
    this.#read = read;
  }

  look(): void {
    const now = this.#read();
    const passedMs = now.uptimeMs - this.#last.uptimeMs;
    const stepMs = now.wallMs - this.#last.wallMs - passedMs;
    if (Math.abs(stepMs) >= smallestStepMs) {
      if (this.#steps.length < mostSteps) this.#steps.push(Math.round(stepMs / 10) / 100);
      // Set at any moment since the last look: files may have been written right afterwards.
      this.#lowestMs = Math.min(this.#lowestMs, now.wallMs - passedMs);
    }
    this.#last = now;
  }

  /** Null where the time of day was left alone. */
  record(): ClockRecord | null {
    if (this.#steps.length === 0) return null;
    const behindMs = this.#launch.wallMs - this.#lowestMs;
    // Upwards: the readings are a few hundredths inexact, and a file of this launch must not look older than it.
    return { steps_s: [...this.#steps], behind_s: Math.ceil(behindMs / 1000) };
  }
}

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

/**
 * Writes a small file whole or not at all: temporary file in the same folder, fsync, rename, fsync of the folder.
 * Readable by the owner only. Synchronous and free of imports, because the supervisor's last act uses it.
 */
export function writeWholeFile(path: string, text: string): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
