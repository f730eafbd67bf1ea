import type { JsonSource, StageDefinition } from '../stages/stage.ts';

/** Why a metric or count could not be read (spec 05 §9). */
export type ProblemKind =
  /** No `json_file`/`json_path` in `stages.yaml`. */
  | 'not_configured'
  /** `json_file` leads out of the base temp directory: absolute, `..`, or through a link. */
  | 'outside'
  | 'file_missing'
  /** There, but a folder, a pipe, or not readable. */
  | 'unreadable'
  | 'too_large'
  /** Older than the launch: another invocation's result. */
  | 'stale'
  /** Truncated, or not JSON at all. */
  | 'invalid_json'
  /** The document's top is not an object. */
  | 'not_an_object'
  | 'path_missing'
  /** The path leads through a list, which has no keys. */
  | 'through_list'
  /** String, boolean, null, list or object where a number is needed. */
  | 'wrong_type'
  /** NaN or Infinity. */
  | 'not_finite'
  /** A count that is negative or has a fraction. */
  | 'not_a_count';

/** One metric or count that came out as null, and why. */
export interface ExtractionProblem {
  kind: ProblemKind;
  /** As in `stages.yaml`, relative to the base temp directory. */
  file: string | null;
  path: string | null;
  /** Existing dotted paths of that JSON (or existing files of that base temp) closest to the missing one. */
  nearest: string[];
  /** The whole reason as one line. */
  text: string;
}

/** A result file that was read, for the observation's `result_files`. */
export interface ResultFile {
  /** Absolute. */
  path: string;
  /** Hex. */
  sha256: string;
  /** `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
  mtime: string;
}

/** What one stage's metrics and counts read as after a pytest run. */
export interface StageExtraction {
  /** Catalog order; null where `why` says so. */
  metrics: Record<string, number | null>;
  sample_counts: { total: number | null; ok: number | null };
  /** Reason per null, by metric key or `sample_counts.total` / `sample_counts.ok`. */
  why: Record<string, string>;
  /** The same nulls with their parts, for a HALT's cause. */
  problems: Record<string, ExtractionProblem>;
  result_files: ResultFile[];
}

/** A result file as the host found it: its parsed document, or why there is none. */
export type LoadedDocument =
  | { kind: 'document'; value: unknown; file: ResultFile }
  | { kind: 'problem'; problem: Pick<ExtractionProblem, 'kind' | 'nearest' | 'text'> };

/** Key of a count in `why` and `problems`. */
export function countKey(count: 'total' | 'ok'): string {
  return `sample_counts.${count}`;
}

/** One value that a stage wants from a result file. */
export interface WantedValue {
  /** Metric key, or `countKey(…)`. */
  key: string;
  as: 'metric' | 'count';
  source: JsonSource;
}

/** Everything a stage reads, metrics in catalog order and then `total`, `ok`; nothing for a docs stage. */
export function wantedValues(stage: Pick<StageDefinition, 'metrics' | 'sample_counts'>): WantedValue[] {
  const metrics = Object.entries(stage.metrics);
  if (metrics.length === 0) return [];
  const none = { json_file: null, json_path: null };
  const counts = stage.sample_counts ?? { total: none, ok: none };
  return [
    ...metrics.map(([key, source]): WantedValue => ({ key, as: 'metric', source })),
    { key: countKey('total'), as: 'count', source: counts.total },
    { key: countKey('ok'), as: 'count', source: counts.ok },
  ];
}
