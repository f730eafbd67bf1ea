import type { EvidenceVerdict, GateEvidence } from '../evidence/gate-evidence.ts';
import type { CiComparison } from '../fingerprint/ci-metrics.ts';
import type { Worst } from '../metrics/metric-kind.ts';
import type { Direction, ThresholdSource } from './thresholds.ts';

/** One threshold and what an apply would write, fields in the original tool's order, then calib's. */
export interface ApplyPlanMetric {
  metric_key: string;
  source: string;
  source_kind: ThresholdSource['kind'];
  symbol: string;
  subkey: string | null;
  stage_group: string;
  worst_op: Worst;
  /** Raw values in k order. */
  per_run_raw: number[];
  worst_raw: number | null;
  /** For display only; never written. */
  worst_rounded: number | null;
  write_value: number | null;
  digits: number;
  scale: number;
  label: string;
  current_raw: number | null;
  direction: Direction;
  /** The literal as written in the file; null when it could not be read. */
  current_text: string | null;
  /** The literal that an apply writes; null when there is nothing to write. */
  write_text: string | null;
  location: { file: string; line: number; column: number } | null;
  /** Why the current literal is unknown; null when it is known. */
  unknown_reason: string | null;
  /** The outer key under which the literal was found; null for a bare constant or an unknown literal. */
  outer_key: number | null;
  /** The place in full, outer key included; null for an unknown literal. */
  place: string | null;
  /** The environment variable that the literal is the default of; null for any other. */
  variable: string | null;
  /** What the recorded runs say about the rule of the gate; absent where nobody looked. */
  evidence?: { verdict: EvidenceVerdict; reason: string | null; rule: GateEvidence['rule'] | null };
  /** The session's values against those of CI; absent where CI recorded none. */
  ci?: CiComparison;
}

export interface ApplyPlanStage {
  stage_key: string;
  /** Absolute. */
  test: string;
  /** Absolute; the test file when there is no other. */
  threshold_file: string;
  title: string;
  stage_group: string;
  variant: string | null;
  calibration_preset: string | null;
  gpus: number | null;
  /** The outer key that is really used, also where a dictionary's only key decides. */
  concurrency: number | null;
  metrics: ApplyPlanMetric[];
  warnings: string[];
}

/** What an apply would do: read-only. */
export interface ApplyPlanDocument {
  model: string;
  run_dir: string;
  repeats: number;
  stages: ApplyPlanStage[];
  calibration_git_sha: string;
  /** Every file with thresholds; `session_sha256` is its hash when the session started, null if not recorded. */
  files: { file: string; sha256: string | null; session_sha256: string | null }[];
}

/** Why there is no plan: one shape for all conditions. */
export interface ApplyPlanRefusal {
  error: 'git_provenance_failed' | 'strict_incomplete' | 'calibration_incomplete' | 'head_moved';
  reason: string;
  calibration_git_sha: string;
  mismatches: string[];
  missing_sha: string[];
}

/** True for the refusal document. */
export function isRefusal(document: ApplyPlanDocument | ApplyPlanRefusal): document is ApplyPlanRefusal {
  return 'error' in document;
}

/** What happens to one threshold. Only `write` touches a file. */
export type ApplyChoice = PlannedThreshold & (WriteChoice | { action: 'keep' | 'equal' | 'unknown' });

export interface PlannedThreshold {
  /** `STAGE.METRIC`. */
  id: string;
  stage: ApplyPlanStage;
  metric: ApplyPlanMetric;
}

export interface WriteChoice {
  action: 'write';
  /** The literal that goes into the file, exactly. */
  text: string;
  value: number;
  /** A number of the operator's instead of the worst of N. */
  custom: boolean;
  /** The operator confirmed a number that rejects what was observed. */
  stricterThanObserved: boolean;
}
