import { isDocsStage } from '../stages/stage.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { Attempt } from './attempt.ts';
import type { StageExtraction } from './extraction.ts';
import type { Observation } from './observation.ts';
import { type JudgedEnd, type StageStatus, pytestOutcome } from './stage-status.ts';

/** Everything that is the same for all stages which one pytest invocation fed. */
export interface RepeatFacts {
  session_id: string;
  namespace: string;
  /** HEAD when recorded; checked to equal the session's commit. */
  git_sha: string;
  tree_fingerprint: string;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  recorded_at: string;
  end: JudgedEnd;
  /** Every finished attempt of this (unit, repeat); the last one is the recorded one. */
  attempt_history: readonly [...Attempt[], Attempt];
  /** Absolute path of the shared log. */
  pytest_log: string;
  /** Absolute path of pytest's base temp directory. */
  basetemp: string;
  gpu_uuids: readonly string[];
  host: string;
}

/** One stage's `run{k}.json`, fields in the order of spec 05 §10: v0.6.0's, then calib's. */
export function buildObservation(
  facts: RepeatFacts,
  judged: { stage: StageDefinition; extraction: StageExtraction; status: StageStatus },
): Observation {
  const { stage, extraction, status } = judged;
  const last = facts.attempt_history[facts.attempt_history.length - 1] as Attempt;
  return {
    status: status.status,
    reason: status.reason,
    metrics: extraction.metrics,
    sample_counts: { total: extraction.sample_counts.total, ok: extraction.sample_counts.ok },
    duration_s: Number(last.duration_s.toFixed(2)),
    attempts: facts.attempt_history.length,
    git_sha: facts.git_sha,
    recorded_at: facts.recorded_at,
    pytest_log: facts.pytest_log,
    basetemp: facts.basetemp,
    ...(isDocsStage(stage) ? {} : { pytest_rc: facts.end.exit_code }),
    session_id: facts.session_id,
    namespace: facts.namespace,
    attempt_history: [...facts.attempt_history],
    started_at: last.started_at,
    ended_at: last.ended_at,
    gpu_indices: [...last.gpus],
    gpu_uuids: [...facts.gpu_uuids],
    host: facts.host,
    result_files: extraction.result_files,
    extraction: extraction.why,
    pytest_outcome: pytestOutcome(facts.end),
    tree_fingerprint: facts.tree_fingerprint,
  };
}
