import type { ApplyPlanMetric, ApplyPlanStage } from './apply-plan-document.ts';

/** What happens to one threshold. Only `write` touches a file. */
export type ApplyChoice = PlannedThreshold & (WriteChoice | { action: 'keep' | 'equal' | 'unknown' });

export interface PlannedThreshold {
  /** `STAGE.METRIC`. */
  id: string;
  stage: ApplyPlanStage;
  metric: ApplyPlanMetric;
}

export interface WriteChoice {
  action: 'write';
  /** The literal that goes into the file, exactly. */
  text: string;
  value: number;
  /** A number of the operator's instead of the worst of N. */
  custom: boolean;
  /** The operator confirmed a number that rejects what was observed. */
  stricterThanObserved: boolean;
}
