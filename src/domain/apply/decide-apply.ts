import { nearestName } from '../catalog/nearest-name.ts';
import type { ApplyChoice, PlannedThreshold } from './apply-choice.ts';
import type { ApplyPlanDocument } from './apply-plan-document.ts';
import { describeQuestion, openQuestions, undecidedAction } from './apply-question.ts';
import type { ApplyQuestion, EditMode } from './apply-question.ts';
import { decisionAnswerForms, parseDecisionAnswer } from './decision-answer.ts';
import type { DecisionAnswer } from './decision-answer.ts';
import { directionOf } from './direction.ts';
import { literalConflicts } from './literal-conflicts.ts';
import { thresholdId } from './located-threshold.ts';
import { isStricter } from './write-value.ts';

export type ApplyDecision =
  | { kind: 'decided'; choices: ApplyChoice[]; warnings: string[] }
  /** Nothing may be written; `questions` are the ones still open. */
  | { kind: 'refused'; reason: string; questions: ApplyQuestion[] };

export interface DecideApplyOptions {
  plan: ApplyPlanDocument;
  mode: EditMode;
  /** `STAGE.METRIC` → `keep`, `apply`, `NUMBER` or `NUMBER!`; a given decision counts in both modes. */
  decide: Readonly<Record<string, string>>;
}

/**
 * Settles every threshold of a plan, or says why nothing may be written (spec 06 §11): an unknown or unreadable
 * decision, a question nobody answered, a number stricter than what was observed without its confirmation, two metrics
 * that want different values of one literal.
 */
export function decideApply(options: DecideApplyOptions): ApplyDecision {
  const { plan, mode, decide } = options;
  const thresholds = plan.stages.flatMap((stage) =>
    stage.metrics.map((metric) => ({ id: thresholdId(stage.stage_key, metric.metric_key), stage, metric })),
  );
  const wrongKeys = unknownKeys(
    Object.keys(decide),
    thresholds.map(({ id }) => id),
  );
  if (wrongKeys.length > 0) {
    return refused(wrongKeys);
  }
  const settled = thresholds.map((threshold) => settle(threshold, mode, decide[threshold.id]));
  const problems = settled.flatMap((one) => ('problem' in one ? [one.problem] : []));
  if (problems.length > 0) {
    return refused(problems);
  }
  const questions = openQuestions({ plan, mode, decided: decide });
  if (questions.length > 0) {
    const lines = questions.map((question) => `  ${describeQuestion(question)}`);
    const count = `${questions.length} ${questions.length === 1 ? 'decision is' : 'decisions are'} missing`;
    return refused([`${count} (decide STAGE.METRIC=keep, apply or a number):`, ...lines], questions);
  }
  const choices = settled.flatMap((one) => ('problem' in one ? [] : [one]));
  const conflicts = literalConflicts(choices);
  return conflicts.length > 0
    ? refused(conflicts)
    : { kind: 'decided', choices, warnings: warningsOf(plan, choices) };
}

function refused(lines: readonly string[], questions: ApplyQuestion[] = []): ApplyDecision {
  return { kind: 'refused', reason: lines.join('\n'), questions };
}

function unknownKeys(given: readonly string[], known: readonly string[]): string[] {
  return given
    .filter((key) => !known.includes(key))
    .map((key) => {
      const near = nearestName(key, known);
      const hint = near === null ? `known: ${known.join(', ')}` : `did you mean ${near}?`;
      return `no threshold ${key} in the apply plan; ${hint}`;
    });
}

type Settled = ApplyChoice | { problem: string };

function settle(threshold: PlannedThreshold, mode: EditMode, given: string | undefined): Settled {
  const { metric } = threshold;
  if (given !== undefined) {
    const answer = parseDecisionAnswer(given);
    return answer === null
      ? {
          problem: `${threshold.id}: ${JSON.stringify(given)} is not a decision; valid: ${decisionAnswerForms}`,
        }
      : settleAnswer(threshold, answer);
  }
  const action = undecidedAction(mode, metric);
  switch (action) {
    case 'apply':
      return writeWorst(threshold);
    case 'ask':
      // Refused as an open question before the choice is looked at.
      return { ...threshold, action: 'keep' };
    default:
      return { ...threshold, action };
  }
}

function settleAnswer(threshold: PlannedThreshold, answer: DecisionAnswer): Settled {
  const { id, metric } = threshold;
  if (answer.kind === 'keep') {
    return { ...threshold, action: metric.direction === 'unknown' ? 'unknown' : 'keep' };
  }
  if (metric.current_raw === null || metric.location === null) {
    return { problem: `${id} cannot be edited: ${metric.unknown_reason ?? 'its literal was not found'}` };
  }
  if (answer.kind === 'apply') {
    return metric.direction === 'equal' ? { ...threshold, action: 'equal' } : writeWorst(threshold);
  }
  const { text, value, confirmed } = answer;
  const { worst_op: worst, worst_raw: worstRaw, current_raw: current } = metric;
  if (directionOf({ current, next: value, worst }) === 'equal') {
    return { ...threshold, action: 'equal' };
  }
  const stricter = worstRaw !== null && isStricter(value, worstRaw, worst);
  return stricter && !confirmed
    ? { problem: `${id}: ${text} is stricter than the worst observation ${worstRaw}; confirm it as ${text}!` }
    : { ...threshold, action: 'write', text, value, custom: true, stricterThanObserved: stricter };
}

function writeWorst(threshold: PlannedThreshold): Settled {
  const { write_text: text, write_value: value } = threshold.metric;
  return text === null || value === null
    ? { problem: `${threshold.id} has no observation to apply` }
    : { ...threshold, action: 'write', text, value, custom: false, stricterThanObserved: false };
}

function warningsOf(plan: ApplyPlanDocument, choices: readonly ApplyChoice[]): string[] {
  const told = plan.stages.flatMap((stage) => stage.warnings);
  const silent = choices
    .filter(({ action, metric }) => action === 'unknown' && metric.unknown_reason === null)
    .map(({ id }) => `${id} is skipped: it has no observation`);
  return [...told, ...silent];
}
