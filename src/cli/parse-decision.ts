import { InvalidArgumentError } from 'commander';

import { decisionAnswerForms, parseDecisionAnswer } from '../domain/apply/decision-answer.ts';

/**
 * Collects `STAGE.METRIC=keep|apply|NUMBER|NUMBER!`; the last form confirms a number stricter than what was observed.
 *
 * @throws InvalidArgumentError for anything else, or a metric named twice
 */
export function parseDecision(text: string, before: Record<string, string>): Record<string, string> {
  const match = /^([^=\s]+\.[^=\s.]+)=(.+)$/.exec(text);
  const [, metric, answer] = match ?? [];
  if (metric === undefined || answer === undefined) {
    throw new InvalidArgumentError('decisions are written STAGE.METRIC=keep, =apply or =NUMBER.');
  }
  if (parseDecisionAnswer(answer) === null) {
    throw new InvalidArgumentError(`${metric}: ${answer} is no decision; valid: ${decisionAnswerForms}.`);
  }
  if (before[metric] !== undefined) throw new InvalidArgumentError(`${metric} is decided twice.`);
  return { ...before, [metric]: answer };
}
