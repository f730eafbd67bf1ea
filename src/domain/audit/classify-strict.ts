import type { Observation } from '../observation/observation.ts';
import { isDocsStage } from '../stages/stage.ts';
import type { StageDefinition } from '../stages/stage.ts';
import type { CellFile } from './run-snapshot.ts';
import type { StrictCell } from './strict-cell.ts';

/** What the strict rules need to know of a stage. */
export type AuditedStage = Pick<StageDefinition, 'metrics' | 'expected_samples'>;

/** Why an observation that was never committed is passed over as if the repeat had not run (spec 05 §10). */
export const uncommittedReason =
  'uncommitted: recording was interrupted before its commit marker was written';
export const editedReason = 'edited: its SHA-256 is not the one that its repeat committed';

/**
 * Strict symbol of one stage × repeat; the first rule that matches decides (spec 06 §2, calib's rules). The commit is
 * not looked at here: provenance is an audit of its own. `reason` is empty for ✓ and only for ✓.
 */
export function classifyStrict(stage: AuditedStage, file: CellFile): StrictCell {
  if (file.kind === 'missing') {
    return { symbol: '—', reason: 'missing file' };
  }
  if (file.kind === 'corrupt') {
    return { symbol: '✗', reason: `corrupt json: ${file.error}` };
  }
  if (file.integrity === 'uncommitted') {
    return { symbol: '—', reason: uncommittedReason };
  }
  if (file.integrity === 'edited') {
    return { symbol: '✗', reason: editedReason };
  }
  return isDocsStage(stage) ? classifyDocs(file.observation) : classifyMetrics(stage, file.observation);
}

/** A docs cell is ✓ iff pytest exited 0 (spec 02 §12); v0.6.0 records no exit code for it, only the status. */
function classifyDocs(observation: Observation): StrictCell {
  const exitCode = observation.pytest_rc ?? 0;
  if (observation.status === 'ok' && exitCode === 0) {
    return { symbol: '✓', reason: '' };
  }
  const fallback = exitCode === 0 ? observation.status : `pytest exit code ${exitCode}`;
  return { symbol: '✗', reason: observation.reason || fallback };
}

function classifyMetrics(stage: AuditedStage, observation: Observation): StrictCell {
  const metricsProblem = describeUnusableMetrics(Object.keys(stage.metrics), observation);
  if (metricsProblem !== null) {
    return { symbol: '✗', reason: metricsProblem };
  }
  const { total, ok } = observation.sample_counts;
  if (total === null || ok === null) {
    return { symbol: '✗', reason: describeMissingCounts(observation) };
  }
  if (total < 1) {
    return { symbol: '✗', reason: describeNoSamples(total) };
  }
  if (ok !== total) {
    return { symbol: '△', reason: describePartial(ok, total) };
  }
  if (stage.expected_samples !== undefined && total !== stage.expected_samples) {
    return { symbol: '✗', reason: describeScopeMismatch(total, stage.expected_samples) };
  }
  return { symbol: '✓', reason: '' };
}

/**
 * Which of `keys` are absent, null or not finite in an observation, in words and with pytest's own cause where one was
 * recorded; null when all are usable numbers.
 */
export function describeUnusableMetrics(keys: readonly string[], observation: Observation): string | null {
  const missing = keys.filter((key) => (observation.metrics[key] ?? null) === null);
  if (missing.length > 0) {
    return withCause(`metrics missing: ${missing.join(', ')}`, observation);
  }
  const infinite = keys.filter((key) => !Number.isFinite(observation.metrics[key]));
  return infinite.length > 0 ? `metrics not finite: ${infinite.join(', ')}` : null;
}

/** Names the sample counts that an observation lacks. */
export function describeMissingCounts(observation: Observation): string {
  const { total, ok } = observation.sample_counts;
  const missing = [...(total === null ? ['total'] : []), ...(ok === null ? ['ok'] : [])];
  return withCause(`sample counts missing: ${missing.join(', ')}`, observation);
}

/** `incomplete_metrics_extraction` says nothing that the list does not say better. */
function withCause(problem: string, observation: Observation): string {
  const { reason, pytest_outcome: outcome } = observation;
  const cause = reason === 'incomplete_metrics_extraction' ? outcome : reason || outcome;
  return cause === undefined || cause === '' || cause === 'ok' ? problem : `${problem} (${cause})`;
}

/** `total` is a number of samples below 1: nothing was measured, whatever the metrics say. */
export function describeNoSamples(total: number): string {
  return `no samples (total ${total})`;
}

/** `ok` and `total` are numbers of samples. */
export function describePartial(ok: number, total: number): string {
  return `partial samples (${ok}/${total})`;
}

/** `total` recorded and `expected` configured numbers of samples. */
export function describeScopeMismatch(total: number, expected: number): string {
  return `sample scope mismatch (total ${total} != expected ${expected})`;
}
