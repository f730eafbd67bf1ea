import type { Worst } from '../metrics/metric-kind.ts';
import { parsePlace } from '../places/parse-place.ts';
import type { Place } from '../places/place.ts';

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
      /** The signed number token as written; `None` or `null` where the value is still to be calibrated. */
      text: string;
      value: number | null;
      isInteger: boolean;
      line: number;
      column: number;
      /** The place in full, as it is edited. */
      place: string;
      /** The outer key that the suite's concurrency chose; null for a place that says all itself. */
      concurrencyUsed: number | null;
      /** The environment variable that the literal is the default of. */
      variable: string | null;
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
  /** Any other place; `symbol` is the module-level name or the test that it begins with, or all of it. */
  | { kind: 'place'; symbol: string; subkey: null }
  /** No place at all; `symbol` is the whole text and nothing is edited. */
  | { kind: 'unknown'; symbol: string; subkey: null };

const bare = /^_?[A-Z][A-Z0-9_]*$/;
const nested = /^(_?[A-Z][A-Z0-9_]*)\[\s*['"]([A-Za-z_][A-Za-z0-9_]*)['"]\s*\]$/;

/** Reads a `source` field: `X_MIN_ACCURACY`, `_X_P95['throughput_qps']`, or any other place. */
export function parseThresholdSource(source: string): ThresholdSource {
  if (bare.test(source)) {
    return { kind: 'bare', symbol: source, subkey: null };
  }
  const [, symbol, subkey] = nested.exec(source) ?? [];
  if (symbol !== undefined && subkey !== undefined) {
    return { kind: 'nested', symbol, subkey };
  }
  const place = parsePlace(source);
  return { kind: place === null ? 'unknown' : 'place', symbol: placeSymbol(place, source), subkey: null };
}

function placeSymbol(place: Place | null, source: string): string {
  switch (place?.root.kind) {
    case 'name':
      return place.root.name;
    case 'row':
    case 'call':
      return place.root.test;
    default:
      return source;
  }
}
