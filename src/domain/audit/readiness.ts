import { matrixFromSnapshot } from './audit-matrix.ts';
import type { AuditMatrix } from './audit-matrix.ts';
import { completenessDocument } from './completeness.ts';
import type { CompletenessDocument } from './completeness.ts';
import type { ProvenanceDocument } from './provenance.ts';
import type { RunSnapshot } from './run-snapshot.ts';
import { strictAuditDocument } from './strict-audit.ts';
import type { StrictAuditDocument } from './strict-audit.ts';

/** The three conditions that a report, an apply and the word "complete" demand together (spec 06, introduction). */
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
