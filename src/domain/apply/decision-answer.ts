import { parsePythonNumber } from '../numbers/python-number.ts';

/**
 * The answer to one threshold's question (spec 06 §11). A number is written verbatim; `confirmed` says that the operator
 * knows it to be stricter than what was observed.
 */
export type DecisionAnswer =
  | { kind: 'keep' }
  | { kind: 'apply' }
  | { kind: 'number'; text: string; value: number; confirmed: boolean };

/** What `parseDecisionAnswer` takes, for messages. */
export const decisionAnswerForms = 'keep, apply, a number, or NUMBER! for one that is stricter than observed';

/**
 * Reads `keep`, `apply`, `NUMBER` or `NUMBER!`. The number must be one to Python's `float()` and at the same time a
 * literal in Python source: decimal, optionally signed, underscores and exponent allowed, finite. The exclamation mark
 * confirms a number that is stricter than the worst observation; where it is not stricter the mark changes nothing.
 *
 * @returns null for anything else
 */
export function parseDecisionAnswer(text: string): DecisionAnswer | null {
  if (text === 'keep' || text === 'apply') {
    return { kind: text };
  }
  const confirmed = text.endsWith('!');
  const literal = confirmed ? text.slice(0, -1) : text;
  // `float("0x10")`, `float("- 1")` and `float(" 1")` are errors or not what stands in a file.
  const number = /^[+-]?[\d.][\d._eE+-]*$/.test(literal) ? parsePythonNumber(literal) : null;
  return number === null ? null : { kind: 'number', text: literal, value: number.value, confirmed };
}
