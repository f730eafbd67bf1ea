import type { Worst } from '../metrics/metric-kind.ts';

/** What writing the new value would do to the gate. */
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

/** Compares the current literal with the value to be written. */
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

/** Where the literal of one stage's metric stands in the checkout, or why it could not be read. */
export type LocatedThreshold =
  | {
      kind: 'found';
      /** The signed number token as written. */
      text: string;
      value: number;
      isInteger: boolean;
      line: number;
      column: number;
      /** The outer key really used; null for a bare constant. */
      concurrencyUsed: number | null;
    }
  | { kind: 'unknown'; reason: string; line: number | null; column: number | null };

/** A file that holds thresholds, as it stands in the checkout. */
export interface ThresholdFile {
  /** Absolute path. */
  file: string;
  /** Repository-relative path. */
  path: string;
  /** SHA-256 (hex) of its bytes; null when it cannot be read. */
  sha256: string | null;
}

/** Every literal that the planned stages refer to, by `thresholdId`, and the files that hold them. */
export interface LocatedThresholds {
  literals: Record<string, LocatedThreshold>;
  /** By stage key: the suite's concurrency, null when no `CONCURRENCY` names one. */
  concurrency: Record<string, number | null>;
  files: ThresholdFile[];
}

/** `STAGE.METRIC`, the name of a threshold in decisions and documents. */
export function thresholdId(stageKey: string, metricKey: string): string {
  return `${stageKey}.${metricKey}`;
}

/** How a threshold is spelled in `stages.yaml`. */
export type ThresholdSource =
  | { kind: 'bare'; symbol: string; subkey: null }
  | { kind: 'nested'; symbol: string; subkey: string }
  /** Neither spelling; `symbol` is the whole text and nothing is edited. */
  | { kind: 'unknown'; symbol: string; subkey: null };

const bare = /^_?[A-Z][A-Z0-9_]*$/;
const nested = /^(_?[A-Z][A-Z0-9_]*)\[\s*['"]([A-Za-z_][A-Za-z0-9_]*)['"]\s*\]$/;

/** Reads a `source` field: `X_MIN_ACCURACY`, or `_X_P95['throughput_qps']`. */
export function parseThresholdSource(source: string): ThresholdSource {
  if (bare.test(source)) {
    return { kind: 'bare', symbol: source, subkey: null };
  }
  const [, symbol, subkey] = nested.exec(source) ?? [];
  return symbol === undefined || subkey === undefined
    ? { kind: 'unknown', symbol: source, subkey: null }
    : { kind: 'nested', symbol, subkey };
}
