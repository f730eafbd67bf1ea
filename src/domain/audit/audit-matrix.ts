import { sessionCommit } from '../plan/plan.ts';
import { classifyStrict } from './classify-strict.ts';
import type { AuditedStage } from './classify-strict.ts';
import { incompleteReason } from './incomplete-reason.ts';
import type { IncompleteReasonOptions, ScheduledStage } from './incomplete-reason.ts';
import { provenanceFindings } from './provenance.ts';
import type { ProvenanceFindings } from './provenance.ts';
import type { RunSnapshot } from './run-snapshot.ts';
import type { StrictCell } from './strict-cell.ts';

/** One cell of the audits. */
export interface AuditCell extends StrictCell {
  /** Why the cell must be run (again), null when valid (spec 06 §1); absent: ✓ is valid, else the strict reason. */
  incomplete?: string | null;
}

export interface AuditMatrixStage {
  stage_key: string;
  expected_samples: number | null;
  /** Index k − 1. */
  cells: AuditCell[];
}

/**
 * The compact input of every audit: a running session holds it in its state, a finished one is read from its run
 * directory, and both are answered by the same code. Plain JSON.
 */
export interface AuditMatrix {
  model: string;
  repeats: number;
  /** The session commit; empty when the plan has none. */
  calibration_git_sha: string;
  /** Planned stages in plan order. */
  stages: AuditMatrixStage[];
  provenance: ProvenanceFindings;
}

/** Strict and scheduling verdict of one cell; what a running session stores when a repeat was recorded. */
export function auditCell(
  options: IncompleteReasonOptions & { stage: AuditedStage & ScheduledStage },
): AuditCell {
  return { ...classifyStrict(options.stage, options.file), incomplete: incompleteReason(options) };
}

/** The audits' input from what stands on disk. */
export function matrixFromSnapshot(snapshot: RunSnapshot): AuditMatrix {
  const commit = sessionCommit(snapshot.plan);
  const { session_id, tree_fingerprint } = snapshot.plan;
  const identity = { session_id, tree_fingerprint };
  return {
    model: snapshot.plan.model,
    repeats: snapshot.plan.repeats,
    calibration_git_sha: commit,
    stages: snapshot.stages.map((stage) => ({
      stage_key: stage.key,
      expected_samples: stage.expected_samples ?? null,
      cells: (snapshot.cells[stage.key] ?? []).map((file) => auditCell({ stage, file, commit, ...identity })),
    })),
    provenance: provenanceFindings(snapshot),
  };
}
