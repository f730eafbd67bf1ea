import type { Observation } from '../observation/observation.ts';
import type { Plan } from '../session/session-plan.ts';
import { isDocsStage, type StageDefinition } from '../stages/stage.ts';

/**
 * Whether an observation is the one its repeat committed: `legacy` directories (the original tool's) have no commit
 * markers; `uncommitted` files were left by a crash between write and marker; `edited` ones differ from their marker.
 */
export type Integrity = 'committed' | 'legacy' | 'uncommitted' | 'edited';

/** What stands on disk for stage × repeat. */
export type CellFile =
  | { kind: 'missing' }
  | { kind: 'corrupt'; error: string }
  | { kind: 'recorded'; observation: Observation; integrity: Integrity };

/** Everything the audits, the report and the apply plan need of a run directory, as plain values. */
export interface RunSnapshot {
  /** As given by the caller (reports print it verbatim). */
  run_dir: string;
  plan: Plan;
  /** The planned stages in plan order. */
  stages: StageDefinition[];
  /** By stage key: the N cells, index k − 1. */
  cells: Record<string, CellFile[]>;
}

/** ✓ complete, △ partial, ✗ unusable, — not run. */
export type StrictSymbol = '✓' | '△' | '✗' | '—';

/** Strict classification of one stage × repeat; every non-✓ cell carries a reason. */
export interface StrictCell {
  symbol: StrictSymbol;
  reason: string;
}

/** What the strict rules need to know of a stage. */
export type AuditedStage = Pick<
  StageDefinition,
  'metrics' | 'expected_samples' | 'observation_validity' | 'allowed_pytest_failure'
>;

/** Why an observation that was never committed is passed over as if the repeat had not run. */
export const uncommittedReason =
  'uncommitted: recording was interrupted before its commit marker was written';
export const editedReason = 'edited: its SHA-256 is not the one that its repeat committed';

/**
 * Strict symbol of one stage × repeat; the first rule that matches decides. The commit is
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

/** A docs cell is ✓ iff pytest exited 0; v0.6.0 records no exit code for it, only the status. */
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
  const stated = statedReason(stage, observation);
  return stated === null ? { symbol: '✓', reason: '' } : { symbol: '✗', reason: stated };
}

/** Why a record does not count by what its test said of itself; null where it does, or nothing was to be said. */
function statedReason(
  stage: Pick<StageDefinition, 'observation_validity' | 'allowed_pytest_failure'>,
  observation: Observation,
): string | null {
  if (stage.observation_validity !== undefined && observation.observation_valid !== true) {
    return observation.observation_valid === false
      ? 'observation_validity_failed'
      : 'observation_validity_missing';
  }
  const isRefused = stage.allowed_pytest_failure !== undefined && observation.status !== 'ok';
  return isRefused ? observation.reason || observation.status : null;
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

/** What the completeness rules need to know of a stage. */
export type ScheduledStage = AuditedStage & Pick<StageDefinition, 'sample_counts'>;

export interface IncompleteReasonOptions {
  stage: ScheduledStage;
  file: CellFile;
  /** The session commit; empty when the plan has none (then the commit cannot be compared). */
  commit: string;
  /** The plan's; compared where both it and the record have one. */
  session_id?: string | undefined;
  tree_fingerprint?: string | undefined;
}

/**
 * Why a cell must be run (again), or null when it is valid for scheduling. Looser than the strict rules
 * for stages without configured paths, stricter in that a record of another commit, work tree or session is never
 * valid.
 */
export function incompleteReason(options: IncompleteReasonOptions): string | null {
  const { stage, file } = options;
  switch (file.kind) {
    case 'missing':
      return 'missing file';
    case 'corrupt':
      return 'corrupt json';
    case 'recorded':
      if (file.integrity === 'uncommitted') {
        return uncommittedReason;
      }
      if (file.integrity === 'edited') {
        return editedReason;
      }
      return foreignReason(file.observation, options) ?? recordedReason(stage, file.observation);
    default:
      return file satisfies never;
  }
}

/** Why a record was not made by this session on what it observes; null when it was, or cannot be told. */
function foreignReason(observation: Observation, expected: IncompleteReasonOptions): string | null {
  const { commit, session_id: session, tree_fingerprint: tree } = expected;
  if (commit !== '' && observation.git_sha !== commit) {
    return observation.git_sha ? 'recorded on another commit' : 'recorded without a commit';
  }
  if (tree && observation.tree_fingerprint && observation.tree_fingerprint !== tree) {
    return 'recorded on another work tree';
  }
  if (session && observation.session_id && observation.session_id !== session) {
    return `recorded by another session (${observation.session_id})`;
  }
  return null;
}

function recordedReason(stage: ScheduledStage, observation: Observation): string | null {
  if (isDocsStage(stage)) {
    return observation.status === 'ok' ? null : observation.reason || observation.status;
  }
  const withPath = Object.entries(stage.metrics)
    .filter(([, metric]) => metric.json_path !== null)
    .map(([key]) => key);
  return (
    sampleReason(stage, observation) ??
    describeUnusableMetrics(withPath, observation) ??
    statedReason(stage, observation)
  );
}

function sampleReason(stage: ScheduledStage, observation: Observation): string | null {
  const { total, ok } = observation.sample_counts;
  const expected = stage.expected_samples;
  if (total !== null && total < 1 && countsConfigured(stage)) {
    return describeNoSamples(total);
  }
  if (total !== null && expected !== undefined && total !== expected && countsConfigured(stage)) {
    return describeScopeMismatch(total, expected);
  }
  if (total !== null && ok !== null && ok !== total && countsConfigured(stage)) {
    return describePartial(ok, total);
  }
  if ((total === null || ok === null) && countsConfigured(stage)) {
    return describeMissingCounts(observation);
  }
  return null;
}

function countsConfigured(stage: ScheduledStage): boolean {
  const sources = [stage.sample_counts?.total, stage.sample_counts?.ok];
  return sources.every((source) => source?.json_file && source.json_path);
}
