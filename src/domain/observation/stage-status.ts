import { isDocsStage } from '../stages/stage.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { Attempt } from './attempt.ts';
import type { StageExtraction } from './extraction.ts';

/** How a pytest process ended, as classified from its exit status and log (spec 05 §8). */
export interface JudgedEnd {
  outcome: Attempt['outcome'];
  /** Spec 05 §8's reason text; empty for exit code 0. */
  reason: string;
  exit_code: number | null;
  signal: string | null;
}

/** `status` and `reason` of one stage's `run{k}.json`. */
export interface StageStatus {
  status: 'ok' | 'failed';
  reason: string;
}

/**
 * Observation status of a stage, first match (spec 05 §9): a docs stage is what pytest is; a configured metric that is
 * null makes it `failed`; otherwise `ok`, with `threshold_assertion` only where pytest really exited with 1. A crash
 * that came after all metrics were written keeps its own reason.
 */
export function stageStatus(
  stage: Pick<StageDefinition, 'metrics'>,
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
