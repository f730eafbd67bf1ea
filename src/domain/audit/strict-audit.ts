import {
  type AuditMatrix,
  type AuditMatrixStage,
  completenessDocument,
  type CompletenessDocument,
  matrixFromSnapshot,
} from './matrix.ts';
import { provenanceDocument, type ProvenanceDocument, renderFindings } from './provenance.ts';
import type { RunSnapshot, StrictSymbol } from './strict.ts';

export interface StrictStage {
  stage_key: string;
  /** Index k − 1, always N of them. */
  cells: StrictSymbol[];
  strict_ok: boolean;
  expected_samples: number | null;
  /** calib's addition: why each cell is not ✓ (empty for ✓), parallel to `cells`. */
  reasons: string[];
}

/** The strict audit, fields in the original tool's order. */
export interface StrictAuditDocument {
  /** Number of stages all of whose cells are ✓. */
  strict_ready: number;
  total_stages: number;
  repeats: number;
  stages: StrictStage[];
  strict_complete: boolean;
  git_provenance: ProvenanceDocument;
}

/** The strict matrix with provenance, from the compact matrix. */
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

/** The audit's text lines, without a final newline. */
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

/** `<stage>: <symbols> (<ready>/<N><word>[, expected=<e>])`; the report's refusal leaves the word out. */
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

/** The three conditions that a report, an apply and the word "complete" demand together. */
export interface Readiness {
  ready: boolean;
  completeness: CompletenessDocument;
  strict: StrictAuditDocument;
  provenance: ProvenanceDocument;
}

/** All three verdicts, from the compact matrix. */
export function readinessOfMatrix(matrix: AuditMatrix): Readiness {
  const completeness = completenessDocument(matrix);
  const strict = strictAuditDocument(matrix);
  const provenance = strict.git_provenance;
  return {
    ready: completeness.complete && strict.strict_complete && provenance.ok,
    completeness,
    strict,
    provenance,
  };
}

/** All three verdicts of a run directory. */
export function readiness(snapshot: RunSnapshot): Readiness {
  return readinessOfMatrix(matrixFromSnapshot(snapshot));
}

const missingShown = 15;

/**
 * Why a report is refused, or null when all three conditions hold (checked in this order: provenance, then strict, then
 * completeness). The text starts with `refusing report — …`, the first line being the verdict, the rest evidence.
 */
export function reportRefusal(state: Readiness): string | null {
  const lines = provenanceRefusal(state) ?? strictRefusal(state) ?? completenessRefusal(state);
  return lines === null ? null : [`refusing report — ${lines[0]}`, ...lines.slice(1)].join('\n');
}

function provenanceRefusal({ provenance }: Readiness): string[] | null {
  return provenance.ok
    ? null
    : [
        `git provenance failed: ${provenance.reason}`,
        ...renderFindings(provenance.mismatches),
        ...renderFindings(provenance.missing_sha),
      ];
}

function strictRefusal({ strict }: Readiness): string[] | null {
  if (strict.strict_complete) {
    return null;
  }
  const unready = strict.stages.filter((stage) => !stage.strict_ok);
  return [
    `strict audit incomplete (${strict.strict_ready}/${strict.total_stages} stages strict-ready)`,
    ...unready.map((stage) => `  ${renderStrictStage(stage, '')}`),
  ];
}

function completenessRefusal({ completeness }: Readiness): string[] | null {
  if (completeness.complete) {
    return null;
  }
  const { missing } = completeness;
  const shown = missing
    .slice(0, missingShown)
    .map((run) => `  ${run.stage_key}/run${run.run}: ${run.reason}`);
  const rest = missing.length > missingShown ? [`  … and ${missing.length - missingShown} more`] : [];
  return [`incomplete calibration (${completeness.ok}/${completeness.total})`, ...shown, ...rest];
}
