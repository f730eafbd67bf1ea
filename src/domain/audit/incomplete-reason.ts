import type { Observation } from '../observation/observation.ts';
import { isDocsStage } from '../stages/stage.ts';
import type { StageDefinition } from '../stages/stage.ts';
import {
  describeMissingCounts,
  describeNoSamples,
  describePartial,
  describeScopeMismatch,
  describeUnusableMetrics,
  editedReason,
  uncommittedReason,
} from './classify-strict.ts';
import type { CellFile } from './run-snapshot.ts';

/** What the completeness rules need to know of a stage. */
export type ScheduledStage = Pick<StageDefinition, 'metrics' | 'expected_samples' | 'sample_counts'>;

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
 * Why a cell must be run (again), or null when it is valid for scheduling (spec 06 §1). Looser than the strict rules
 * for stages without configured paths, stricter in that a record of another commit, work tree or session is never valid.
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
  return sampleReason(stage, observation) ?? describeUnusableMetrics(withPath, observation);
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
