import { type CiRecord, compareWithCi } from '../fingerprint/ci-metrics.ts';
import type { ApplyPlanDocument, ApplyPlanMetric } from './apply-plan-document.ts';

/** A plan with what CI measured; the same plan where nothing is known of CI. */
export function withCiComparison(plan: ApplyPlanDocument, ci: CiRecord | null): ApplyPlanDocument {
  if (ci === null) return plan;
  return {
    ...plan,
    stages: plan.stages.map((stage) => ({
      ...stage,
      metrics: stage.metrics.map((metric) => ({ ...metric, ...comparisonOf(stage.stage_key, metric, ci) })),
    })),
  };
}

function comparisonOf(stage: string, metric: ApplyPlanMetric, ci: CiRecord): Pick<ApplyPlanMetric, 'ci'> {
  const { metric_key: key, stage_group: group, per_run_raw: values } = metric;
  const comparison = compareWithCi({ stage, group, metric: key, values, ci });
  return comparison === null ? {} : { ci: comparison };
}
