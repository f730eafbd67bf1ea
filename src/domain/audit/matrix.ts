import { sessionCommit } from '../session/session-plan.ts';
import { provenanceFindings, type ProvenanceFindings } from './provenance.ts';
import {
  type AuditedStage,
  classifyStrict,
  incompleteReason,
  type IncompleteReasonOptions,
  type RunSnapshot,
  type ScheduledStage,
  type StrictCell,
} from './strict.ts';

/** One cell of the audits. */
export interface AuditCell extends StrictCell {
  /** Why the cell must be run (again), null when valid; absent: ✓ is valid, else the strict reason. */
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

/**
 * The cells of one repeat of a unit, by stage: one stage that is not ✓ makes the whole pytest repeat invalid, so that no
 * stage of it is shown as complete.
 */
export function withSpoiltSiblings(cells: Readonly<Record<string, AuditCell>>): Record<string, AuditCell> {
  const entries = Object.entries(cells);
  const bad = entries.find(([, { symbol }]) => symbol === '✗' || symbol === '△');
  const [stage, found] = bad ?? entries.find(([, { symbol }]) => symbol === '—') ?? [];
  if (stage === undefined || found === undefined) return { ...cells };
  const reason = `the repeat is invalid: ${stage}: ${found.reason}`;
  return Object.fromEntries(
    entries.map(([key, cell]) => [key, cell.symbol === '✓' ? { symbol: '✗' as const, reason } : cell]),
  );
}

/** The audits' input from what stands on disk. */
export function matrixFromSnapshot(snapshot: RunSnapshot): AuditMatrix {
  const commit = sessionCommit(snapshot.plan);
  const { session_id, tree_fingerprint, units = [] } = snapshot.plan;
  const identity = { session_id, tree_fingerprint };
  const matrix = {
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
  for (const unit of units) spoilSiblings(matrix, unit.stages);
  return matrix;
}

/** `withSpoiltSiblings` for every repeat of a unit; the original tool's plans have no units, and keep its meaning. */
function spoilSiblings(matrix: AuditMatrix, unitStages: readonly string[]): void {
  const stages = matrix.stages.filter(({ stage_key }) => unitStages.includes(stage_key));
  for (let index = 0; index < matrix.repeats; index += 1) {
    const cells: Record<string, AuditCell> = {};
    for (const { stage_key, cells: row } of stages) {
      const cell = row[index];
      if (cell !== undefined) cells[stage_key] = cell;
    }
    const spoilt = withSpoiltSiblings(cells);
    for (const { stage_key, cells: row } of stages) {
      const cell = spoilt[stage_key];
      if (cell !== undefined) row[index] = cell;
    }
  }
}

export interface MissingRun {
  stage_key: string;
  /** k, from 1. */
  run: number;
  reason: string;
}

/** The scheduling audit, fields in the original tool's order. Not readiness: that is the strict audit's word. */
export interface CompletenessDocument {
  complete: boolean;
  /** Valid stage-runs. */
  ok: number;
  /** stages × repeats. */
  total: number;
  missing_count: number;
  missing: MissingRun[];
  repeats: number;
  model: string;
}

/** Which stage-runs are valid and which must be run, from the compact matrix. */
export function completenessDocument(matrix: AuditMatrix): CompletenessDocument {
  const missing: MissingRun[] = [];
  for (const stage of matrix.stages) {
    for (let run = 1; run <= matrix.repeats; run += 1) {
      const reason = missingReason(stage.cells[run - 1]);
      if (reason !== null) {
        missing.push({ stage_key: stage.stage_key, run, reason });
      }
    }
  }
  const total = matrix.stages.length * matrix.repeats;
  return {
    complete: total > 0 && missing.length === 0,
    ok: total - missing.length,
    total,
    missing_count: missing.length,
    missing,
    repeats: matrix.repeats,
    model: matrix.model,
  };
}

function missingReason(cell: AuditCell | undefined): string | null {
  if (cell === undefined) {
    return 'missing file';
  }
  if (cell.incomplete !== undefined) {
    return cell.incomplete;
  }
  return cell.symbol === '✓' ? null : cell.reason;
}
