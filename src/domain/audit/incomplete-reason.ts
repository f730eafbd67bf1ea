import type { Observation } from '../observation/observation.ts';
import { isDocsStage } from '../stages/stage.ts';
import type { StageDefinition } from '../stages/stage.ts';
import {
  describeMissingCounts,
  describePartial,
  describeScopeMismatch,
  describeUnusableMetrics,
  EDITED_REASON,
  UNCOMMITTED_REASON,
} from './classify-strict.ts';
import type { CellFile } from './run-snapshot.ts';

/** What the completeness rules need to know of a stage. */
export type ScheduledStage = Pick<StageDefinition, 'metrics' | 'expected_samples' | 'sample_counts'>;

export interface IncompleteReasonOptions {
  stage: ScheduledStage;
  file: CellFile;
  /** The session commit; empty when the plan has none (then the commit cannot be compared). */
  commit: string;
}

/**
 * Why a cell must be run (again), or null when it is valid for scheduling (spec 06 §1). Looser than the strict rules
 * for stages without configured paths, stricter in that a record of another commit is never valid.
 */
export function incompleteReason({ stage, file, commit }: IncompleteReasonOptions): string | null {
  switch (file.kind) {
    case 'missing':
      return 'missing file';
    case 'corrupt':
      return 'corrupt json';
    case 'recorded':
      if (file.integrity === 'uncommitted') {
        return UNCOMMITTED_REASON;
      }
      if (file.integrity === 'edited') {
        return EDITED_REASON;
      }
      return recordedReason(stage, file.observation, commit);
    default:
      return file satisfies never;
  }
}

function recordedReason(stage: ScheduledStage, observation: Observation, commit: string): string | null {
  if (commit !== '' && observation.git_sha !== commit) {
    return observation.git_sha ? 'recorded on another commit' : 'recorded without a commit';
  }
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
