import type { ApplyMode } from '../session/session-state.ts';
import type { ApplyPlanDocument, ApplyPlanMetric } from './apply-plan-document.ts';
import { thresholdId } from './located-threshold.ts';

/** The editing modes; `report` edits nothing (spec 06 §11). */
export type EditMode = Exclude<ApplyMode, 'report'>;

/** One thing that only the operator can decide: keep, apply, or another number (spec 06 §11). */
export interface ApplyQuestion {
  /** `STAGE.METRIC`, the key of its decision. */
  id: string;
  stage_key: string;
  metric_key: string;
  label: string;
  source: string;
  per_run_raw: number[];
  current_text: string;
  write_text: string;
  direction: 'tightens' | 'loosens';
}

/**
 * What the mode does with a metric when nobody has decided it (spec 06 §11): `smart` applies accuracy, WER, similarity
 * and UTMOS in both directions and speed that tightens, and asks about the rest; `full` applies everything.
 */
export function undecidedAction(
  mode: EditMode,
  metric: Pick<ApplyPlanMetric, 'direction' | 'stage_group'>,
): 'unknown' | 'equal' | 'apply' | 'ask' {
  if (metric.direction === 'unknown' || metric.direction === 'equal') {
    return metric.direction;
  }
  if (mode === 'full' || appliedEitherWay.has(metric.stage_group)) {
    return 'apply';
  }
  return metric.stage_group === 'speed' && metric.direction === 'tightens' ? 'apply' : 'ask';
}

const appliedEitherWay: ReadonlySet<string> = new Set(['accuracy', 'wer', 'similarity', 'utmos']);

/**
 * The questions that a mode leaves open, in plan order.
 *
 * @param decided the decisions given so far, by `STAGE.METRIC`
 */
export function openQuestions(question: {
  plan: ApplyPlanDocument;
  mode: EditMode;
  decided: Readonly<Record<string, unknown>>;
}): ApplyQuestion[] {
  const { plan, mode, decided } = question;
  return plan.stages.flatMap((stage) =>
    stage.metrics.flatMap((metric) => {
      const id = thresholdId(stage.stage_key, metric.metric_key);
      const isOpen = undecidedAction(mode, metric) === 'ask' && !Object.hasOwn(decided, id);
      return isOpen ? questionOf({ id, stageKey: stage.stage_key, metric }) : [];
    }),
  );
}

function questionOf(asked: { id: string; stageKey: string; metric: ApplyPlanMetric }): ApplyQuestion {
  const { id, stageKey, metric } = asked;
  return {
    id,
    stage_key: stageKey,
    metric_key: metric.metric_key,
    label: metric.label,
    source: metric.source,
    per_run_raw: metric.per_run_raw,
    current_text: metric.current_text ?? '?',
    write_text: metric.write_text ?? '?',
    direction: metric.direction === 'tightens' ? 'tightens' : 'loosens',
  };
}

/** A question as one line: `STAGE.METRIC: runs 1, 2, 3; current 4.2, proposed 3.9 (loosens)`. */
export function describeQuestion(question: ApplyQuestion): string {
  const { id, per_run_raw: runs, current_text: current, write_text: proposed, direction } = question;
  return `${id}: runs ${runs.join(', ')}; current ${current}, proposed ${proposed} (${direction})`;
}
