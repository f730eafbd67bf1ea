import { z } from 'zod';

import { mostTestResults, testResultSchema } from '../pytest/test-result.ts';
import { isDocsStage, type StageDefinition } from '../stages/stage.ts';
import type { StageExtraction } from './extract-metrics.ts';
import { statedProblem } from './stated-validity.ts';

/** One launch of pytest for a repeat, an entry of `attempt_history`. */
export const attemptSchema = z.object({
  /** 1, 2, … over the whole life of this (unit, repeat), passes included. */
  n: z.number().int().positive(),
  pass: z.number().int().positive().default(1),
  started_at: z.string(),
  ended_at: z.string(),
  /** pytest's exit code; null when a signal ended it or it was never seen to end. */
  exit_code: z.number().int().nullable(),
  signal: z.string().nullable(),
  /** How pytest ended, in words; empty for exit code 0. */
  reason: z.string(),
  outcome: z.enum(['ok', 'assertion', 'infra', 'config', 'aborted']),
  /** Why its numbers did not count although pytest came to its end; absent where they did. */
  finding: z.string().optional(),
  /**
   * How pytest ended after every result was complete, where the repeat counts although it crashed or hung: "SIGABRT after
   * the results". Absent in all other cases.
   */
  after_results: z.string().optional(),
  /** pytest's own wall time in seconds, without gate and clean-up. */
  duration_s: z.number().nonnegative(),
  /** Seconds waited for GPUs before the launch. */
  gate_s: z.number().nonnegative().default(0),
  cleanup_s: z.number().nonnegative().default(0),
  gpus: z.array(z.number().int().nonnegative()),
  /** Absent in records made before it was kept. */
  gpu_uuids: z.array(z.string()).optional(),
  lane: z.string().optional(),
  /** Where this lane alone compiled kernels (`FLASHINFER_WORKSPACE_BASE`); absent where lanes share the environment's. */
  jit_workspace: z.string().optional(),
  /** Absolute path of this attempt's log. */
  log: z.string(),
  /**
   * The furthest that the time of day was set below that of the launch while pytest ran, in seconds: its result files
   * may look that much older than it. Absent where it never was.
   */
  clock_behind_s: z.number().positive().optional(),
  /** Launch to first readiness line, seconds; null when none was seen. */
  startup_s: z.number().nonnegative().nullable().default(null),
  /** What happened that a reader should know: "worker restarted, run adopted", "slow start-up (83 s)". */
  notes: z.array(z.string()).default([]),
  /** What pytest said of its tests; in `run{k}.attempts.json` only, of launches that were recorded. */
  tests: z.array(testResultSchema).max(mostTestResults).optional(),
});
export type Attempt = z.infer<typeof attemptSchema>;

const countSchema = z.number().int().nullable();

/** `run{k}.json`: v0.6.0's fields in its order, then calib's; every appended field is optional. */
export const observationSchema = z.looseObject({
  status: z.string(),
  reason: z.string().default(''),
  metrics: z.record(z.string(), z.number().nullable()),
  sample_counts: z.object({ total: countSchema, ok: countSchema }),
  duration_s: z.number().nullable().default(null),
  attempts: z.number().int().nullable().default(null),
  git_sha: z.string().optional(),
  recorded_at: z.string().optional(),
  pytest_log: z.string().optional(),
  basetemp: z.string().optional(),
  /** pytest's exit code; v0.6.0 writes a negative number for a signal. */
  pytest_rc: z.number().int().nullable().optional(),
  /** What the test says of its own run, where the stage configures that; null where it could not be read. */
  observation_valid: z.boolean().nullable().optional(),
  allowed_pytest_failure: z.boolean().nullable().optional(),
  session_id: z.string().optional(),
  namespace: z.string().optional(),
  attempt_history: z.array(attemptSchema).optional(),
  started_at: z.string().optional(),
  ended_at: z.string().optional(),
  gpu_indices: z.array(z.number().int()).optional(),
  gpu_uuids: z.array(z.string()).optional(),
  host: z.string().optional(),
  result_files: z.array(z.object({ path: z.string(), sha256: z.string(), mtime: z.string() })).optional(),
  /** Per metric or count that is null: why. */
  extraction: z.record(z.string(), z.string()).optional(),
  /** pytest's end in words: `ok`, `threshold_assertion`, `OOM`, … kept even when extraction failed. */
  pytest_outcome: z.string().optional(),
  tree_fingerprint: z.string().optional(),
});
export type Observation = z.infer<typeof observationSchema>;

/** How a pytest process ended, as classified from its exit status and log. */
export interface JudgedEnd {
  outcome: Attempt['outcome'];
  /** How pytest ended, in words; empty for exit code 0. */
  reason: string;
  exit_code: number | null;
  signal: string | null;
  /**
   * What to say of this end where every result was complete before it; null or absent where such numbers never count
   * (`EndClassification.afterResults`).
   */
  afterResults?: string | null;
}

/** `status` and `reason` of one stage's `run{k}.json`. */
export interface StageStatus {
  status: 'ok' | 'failed';
  reason: string;
}

/**
 * Observation status of a stage, first match: a docs stage is what pytest is; a configured metric that is
 * null makes it `failed`, and so does what the test says of its own run; otherwise `ok`, with `threshold_assertion` only where pytest really exited with 1. A crash
 * that came after all metrics were written keeps its own reason.
 */
export function stageStatus(
  stage: Pick<StageDefinition, 'metrics' | 'observation_validity' | 'allowed_pytest_failure'>,
  extraction: StageExtraction,
  end: JudgedEnd,
): StageStatus {
  if (isDocsStage(stage)) {
    return end.outcome === 'ok' ? { status: 'ok', reason: '' } : { status: 'failed', reason: endReason(end) };
  }
  const incomplete = Object.keys(stage.metrics).some((key) => {
    const problem = extraction.problems[key];
    return problem !== undefined && problem.kind !== 'not_configured';
  });
  if (incomplete) return { status: 'failed', reason: 'incomplete_metrics_extraction' };
  const stated = statedProblem(stage, extraction, end.outcome === 'ok' ? null : endReason(end));
  if (stated !== null) return { status: 'failed', reason: stated };
  if (end.outcome === 'ok') return { status: 'ok', reason: '' };
  if (end.outcome === 'assertion') return { status: 'ok', reason: `threshold_assertion (${endReason(end)})` };
  return { status: 'ok', reason: endReason(end) };
}

/** pytest's end in words, for the observation's `pytest_outcome`: kept even when extraction hides it from `reason`. */
export function pytestOutcome(end: JudgedEnd): string {
  if (end.outcome === 'ok') return 'ok';
  return end.outcome === 'assertion' ? 'threshold_assertion' : endReason(end);
}

/** The reason of an end that was not clean; never empty. */
export function endReason(end: JudgedEnd): string {
  if (end.reason !== '') return end.reason;
  if (end.signal !== null) return `signal ${end.signal}`;
  return end.exit_code === null ? end.outcome : `exit ${end.exit_code}`;
}

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

/** One stage's `run{k}.json`, fields in the original tool's order, then calib's. */
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
    ...(extraction.observation_valid === undefined
      ? {}
      : { observation_valid: extraction.observation_valid }),
    ...(extraction.allowed_pytest_failure === undefined
      ? {}
      : { allowed_pytest_failure: extraction.allowed_pytest_failure }),
    session_id: facts.session_id,
    namespace: facts.namespace,
    attempt_history: facts.attempt_history.map(withoutTests),
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

/** Every stage of a unit has the same: they stand in the attempts' own file. */
function withoutTests(attempt: Attempt): Attempt {
  const kept = { ...attempt };
  delete kept.tests;
  return kept;
}

/**
 * `run{k}.commit.json`: makes the observations of all stages that one pytest invocation fed count together. Written
 * last; an observation of calib's whose hash is not in it is uncommitted or edited.
 */
export const commitMarkerSchema = z.object({
  schema: z.literal('calib.repeat/1'),
  session_id: z.string(),
  namespace: z.string(),
  repeat: z.number().int().positive(),
  attempt: z.number().int().positive(),
  git_sha: z.string(),
  committed_at: z.string(),
  /** SHA-256 (hex) of each stage's `run{k}.json`, by stage key. */
  observations: z.record(z.string(), z.string()),
});
export type CommitMarker = z.infer<typeof commitMarkerSchema>;
