import type { Worst } from '../metrics/metric-kind.ts';

/** What writing the new value would do to the gate (spec 06 §10). */
export type Direction = 'unknown' | 'equal' | 'tightens' | 'loosens';

/** Differences below this are the same literal read twice. */
const equalWithin = 1e-12;

export interface DirectionOptions {
  /** The literal in the file; null when it could not be read. */
  current: number | null;
  /** The value to be written (never the display rounding); null without an observation. */
  next: number | null;
  worst: Worst;
}

/** Compares the current literal with the value to be written (spec 06 §10). */
export function directionOf({ current, next, worst }: DirectionOptions): Direction {
  if (current === null || next === null) {
    return 'unknown';
  }
  if (Math.abs(current - next) < equalWithin) {
    return 'equal';
  }
  const tightens = worst === 'min' ? next > current : next < current;
  return tightens ? 'tightens' : 'loosens';
}
