import type { AuditCell, AuditMatrix } from './audit-matrix.ts';

export interface MissingRun {
  stage_key: string;
  /** k, from 1. */
  run: number;
  reason: string;
}

/** The scheduling audit, fields in the order of spec 06 §1. Not readiness: that is the strict audit's word. */
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

/** Which stage-runs are valid and which must be run (spec 06 §1), from the compact matrix. */
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
