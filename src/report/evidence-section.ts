import { describeEvidence } from '../domain/evidence/log-evidence.ts';
import type { LogEvidence } from '../domain/evidence/log-evidence.ts';

/** Which optimisations the pytest logs show to be active; no lines when the model's config asks for none (spec 06 §14). */
export function evidenceSection(evidence: readonly LogEvidence[]): string[] {
  return evidence.length === 0
    ? []
    : ['## Evidence in the logs', '', ...evidence.map((each) => `- ${describeEvidence(each, '**')}`), ''];
}
