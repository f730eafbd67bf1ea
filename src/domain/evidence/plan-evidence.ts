import type { ApplyPlanDocument, ApplyPlanMetric } from '../apply/apply-plan-document.ts';
import { thresholdId } from '../apply/thresholds.ts';
import type { EvidenceDocument, GateEvidence } from './gate-evidence.ts';
import { isUnsettled } from './gate-evidence.ts';
import { describeUnitGap, unitGap } from './unit-gap.ts';

/**
 * A plan with what the recorded runs say about each gate. A new literal that is about 100 or 1000 times the present one, or
 * that part of it, is suspected of another unit although the test itself scales the value: what is written would not be
 * what is compared.
 */
export function withEvidence(plan: ApplyPlanDocument, evidence: EvidenceDocument): ApplyPlanDocument {
  const byId = new Map(evidence.gates.map((gate) => [thresholdId(gate.stage, gate.metric), gate]));
  return {
    ...plan,
    stages: plan.stages.map((stage) => ({
      ...stage,
      metrics: stage.metrics.map((metric) => ({
        ...metric,
        evidence: evidenceOf(metric, byId.get(thresholdId(stage.stage_key, metric.metric_key))),
      })),
    })),
  };
}

function evidenceOf(
  metric: ApplyPlanMetric,
  gate: GateEvidence | undefined,
): NonNullable<ApplyPlanMetric['evidence']> {
  const found = {
    verdict: gate?.verdict ?? 'not_tested',
    reason: gate?.reason ?? null,
    rule: gate?.rule ?? null,
  };
  const { write_value: next, current_raw: current } = metric;
  const gap = next === null || current === null ? null : unitGap(next, current);
  if (isUnsettled(found.verdict) || gap === null) return found;
  const reason = `the new literal would be ${describeUnitGap(gap)} the present ${current}: per cent or thousandths?`;
  return { ...found, verdict: 'unit_suspected', reason };
}
