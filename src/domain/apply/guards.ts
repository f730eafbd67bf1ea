import { isUnsettled } from '../evidence/gate-evidence.ts';
import type { ApplyPlanMetric } from './apply-plan-document.ts';

/** What speaks against applying a metric without asking a person, in any mode; a sentence for each, none where nothing does. */
export function guardsOf({ evidence, ci }: Pick<ApplyPlanMetric, 'evidence' | 'ci'>): string[] {
  const isDoubtful = evidence !== undefined && isUnsettled(evidence.verdict);
  return [
    ...(isDoubtful
      ? [`${evidence.verdict}: ${evidence.reason ?? 'the recorded runs speak against its rule'}`]
      : []),
    ...(ci === undefined || ci.needs_decision === null ? [] : [`unlike CI: ${ci.needs_decision}`]),
  ];
}
