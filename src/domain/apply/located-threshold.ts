/** Where the literal of one stage's metric stands in the checkout, or why it could not be read (spec 06 §8). */
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
