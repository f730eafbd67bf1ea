import { uptimeMs } from './process-age.ts';

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
 * Compares the time of day with the time since boot, which nobody sets: whoever judges by their times whether files were
 * written since the launch has to know how far the time of day was set back meanwhile. Two settings between two looks that
 * undo each other are not seen.
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
