import { matrixFromSnapshot } from './audit-matrix.ts';
import type { AuditMatrix, AuditMatrixStage } from './audit-matrix.ts';
import { provenanceDocument, renderFindings } from './provenance.ts';
import type { ProvenanceDocument } from './provenance.ts';
import type { RunSnapshot } from './run-snapshot.ts';
import type { StrictSymbol } from './strict-cell.ts';

export interface StrictStage {
  stage_key: string;
  /** Index k − 1, always N of them. */
  cells: StrictSymbol[];
  strict_ok: boolean;
  expected_samples: number | null;
  /** calib's addition: why each cell is not ✓ (empty for ✓), parallel to `cells`. */
  reasons: string[];
}

/** The strict audit, fields in the order of spec 06 §4. */
export interface StrictAuditDocument {
  /** Number of stages all of whose cells are ✓. */
  strict_ready: number;
  total_stages: number;
  repeats: number;
  stages: StrictStage[];
  strict_complete: boolean;
  git_provenance: ProvenanceDocument;
}

/** The strict matrix with provenance (spec 06 §4), from the compact matrix. */
export function strictAuditDocument(matrix: AuditMatrix): StrictAuditDocument {
  const stages = matrix.stages.map((stage) => strictStage(stage, matrix.repeats));
  const ready = stages.filter((stage) => stage.strict_ok).length;
  return {
    strict_ready: ready,
    total_stages: stages.length,
    repeats: matrix.repeats,
    stages,
    strict_complete: stages.length > 0 && ready === stages.length,
    git_provenance: provenanceDocument(matrix),
  };
}

/** The strict audit of a run directory. */
export function auditStrict(snapshot: RunSnapshot): StrictAuditDocument {
  return strictAuditDocument(matrixFromSnapshot(snapshot));
}

function strictStage(stage: AuditMatrixStage, repeats: number): StrictStage {
  const cells = Array.from(
    { length: repeats },
    (_, index) => stage.cells[index] ?? { symbol: '—' as const, reason: 'missing file' },
  );
  return {
    stage_key: stage.stage_key,
    cells: cells.map((cell) => cell.symbol),
    strict_ok: cells.length > 0 && cells.every((cell) => cell.symbol === '✓'),
    expected_samples: stage.expected_samples,
    reasons: cells.map((cell) => cell.reason),
  };
}

/** The audit's text lines (spec 06 §4), without a final newline. */
export function renderStrictAudit(document: StrictAuditDocument): string {
  const { git_provenance: provenance } = document;
  const lines = [
    ...(provenance.calibration_git_sha === ''
      ? []
      : [`calibration_git_sha: ${provenance.calibration_git_sha}`]),
    ...renderProvenance(provenance),
    ...document.stages.map((stage) => renderStrictStage(stage, ' strict')),
    `STRICT READY: ${document.strict_ready}/${document.total_stages} stages (${document.repeats} repeats each)`,
  ];
  if (document.strict_complete) {
    lines.push(
      provenance.ok
        ? 'STRICT + GIT: READY'
        : 'STRICT metrics ok but GIT PROVENANCE failed — artifacts do not all belong to the calibration commit',
    );
  }
  return lines.join('\n');
}

/** `<stage>: <symbols> (<ready>/<N><word>[, expected=<e>])`; the report's refusal leaves the word out (spec 06 §6). */
export function renderStrictStage(stage: StrictStage, word: string): string {
  const ready = stage.cells.filter((symbol) => symbol === '✓').length;
  const expected = stage.expected_samples === null ? '' : `, expected=${stage.expected_samples}`;
  return `${stage.stage_key}: ${stage.cells.join('')} (${ready}/${stage.cells.length}${word}${expected})`;
}

function renderProvenance(provenance: ProvenanceDocument): string[] {
  if (provenance.ok) {
    return ['GIT PROVENANCE: ok (all artifacts match calibration commit)'];
  }
  return [
    `GIT PROVENANCE: FAIL — ${provenance.reason}`,
    ...renderFindings(provenance.mismatches),
    ...renderFindings(provenance.missing_sha),
  ];
}
