import type { RuleDecision, RuleLiteral, RuleNode } from './rule.ts';

/** How a comparison must turn out for the test to pass. `within`: |value − centre| is at most the threshold. */
export type GateOperator = '>' | '>=' | '<' | '<=' | 'within';

/** A step between the measured value and the comparison: `acc * 100`, `1 - x`, `round(x, 2)`. */
export interface ValueStep {
  kind: 'mul' | 'div' | 'add' | 'sub' | 'rsub' | 'rdiv' | 'neg' | 'abs' | 'round' | 'int' | 'float' | 'other';
  by: number | null;
  at: string;
}

/** What is compared with the threshold, as far as the suite's source tells it. */
export interface MeasuredValue {
  /** As people would call it: `results.summary.wer`. */
  name: string;
  /** Keys and attributes from the root: matched with the metric's path in the result file. */
  path: string[];
  steps: ValueStep[];
}

/** One comparison of a measured value with a number that stands in a file, on which a test depends. */
export interface ReadAssertion {
  operator: GateOperator | '==' | '!=';
  /** How the compared number comes about; for `within`, the half width. */
  rule: RuleNode;
  /** For `within`. */
  centre: RuleNode | null;
  /** Whether equality passes. */
  inclusive: boolean;
  value: MeasuredValue;
  /** `file:line` of the comparison. */
  at: string;
  /** Calls that lead to it, outermost first, `file:line`. */
  calls: string[];
  /** `file::test`. */
  test: string;
  /** What must be the case for the comparison to count: the row that was selected, the branch. */
  when: string[];
  /** Comparisons of literals that must turn out as they do now. */
  decisions: RuleDecision[];
  /**
   * `bound`: a gate on one value. `any`: one element that passes is enough. `joint`: fails only together with another
   * comparison. `other`: a number of items, a setting. `equality`: exactly this number. `unsure`:
   * something that cannot be followed decides whether it counts.
   */
  role: 'bound' | 'any' | 'joint' | 'other' | 'equality' | 'unsure';
}

/** A literal that went where the reader cannot follow it. */
export interface LostLiteral {
  literal: RuleLiteral;
  reason: string;
  at: string;
}

/** A `None` that stands where a threshold would: a gate that is off. */
export interface InactiveLiteral {
  place: string;
  file: string;
  line: number;
  /** Where the suite asks for it. */
  at: string;
}

/** Comparisons that are no gates on a metric, counted. */
export interface SetApart {
  kind: 'two-measurements' | 'tensor';
  at: string;
  test: string;
}

/** What was read from one test file and the files that it imports. */
export interface FileReading {
  test: string;
  assertions: ReadAssertion[];
  lost: LostLiteral[];
  inactive: InactiveLiteral[];
  apart: SetApart[];
  /** What could not be followed. */
  notes: { reason: string; at: string }[];
  /** Repository-relative paths of the files that were read. */
  files: string[];
}
