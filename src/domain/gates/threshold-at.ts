import { applyPython, type PythonNumber } from '../numbers/python-arithmetic.ts';
import { literalKey, type RuleDecision, type RuleNode } from './rule.ts';

/** What literals are supposed to be, by `literalKey`; the others keep their present value. */
export type LiteralValues = ReadonlyMap<string, PythonNumber>;

export type ThresholdAnswer = ({ kind: 'number' } & PythonNumber) | { kind: 'unknown'; reason: string };

/**
 * The number that the suite would compare with if literals had other values, computed as Python does.
 *
 * @returns `unknown` where the suite would take another branch than today, which the rule does not cover, or would fail
 */
export function thresholdAt(rule: RuleNode, values: LiteralValues = new Map()): ThresholdAnswer {
  const known = new Map<RuleNode, ThresholdAnswer>();
  return compute(rule, { values, known });
}

interface Computation {
  values: LiteralValues;
  known: Map<RuleNode, ThresholdAnswer>;
}

function compute(node: RuleNode, computation: Computation): ThresholdAnswer {
  const before = computation.known.get(node);
  if (before !== undefined) {
    return before;
  }
  const answer = computeNew(node, computation);
  computation.known.set(node, answer);
  return answer;
}

function computeNew(node: RuleNode, computation: Computation): ThresholdAnswer {
  switch (node.kind) {
    case 'literal': {
      const { value, isInteger } = computation.values.get(literalKey(node)) ?? node;
      return { kind: 'number', value, isInteger };
    }
    case 'number':
      return { kind: 'number', value: node.value, isInteger: node.isInteger };
    case 'override':
      return compute(node.taken, computation);
    case 'branch':
      return branch(node, computation);
    case 'apply': {
      const operands: PythonNumber[] = [];
      for (const operand of node.operands) {
        const answer = compute(operand, computation);
        if (answer.kind === 'unknown') {
          return answer;
        }
        operands.push(answer);
      }
      const result = applyPython(node.operation, operands);
      return result === null
        ? {
            kind: 'unknown',
            reason: `${node.operation} at ${node.at} has no certain result for these numbers`,
          }
        : { kind: 'number', ...result };
    }
  }
}

function branch(node: Extract<RuleNode, { kind: 'branch' }>, computation: Computation): ThresholdAnswer {
  for (const decision of node.decisions) {
    const outcome = decide(decision, computation);
    if (outcome !== decision.outcome) {
      return { kind: 'unknown', reason: `with this number the suite takes another branch at ${node.at}` };
    }
  }
  return compute(node.taken, computation);
}

function decide({ left, operator, right }: RuleDecision, computation: Computation): boolean | null {
  const [a, b] = [compute(left, computation), compute(right, computation)];
  return a.kind === 'unknown' || b.kind === 'unknown' ? null : holds(a.value, operator, b.value);
}

/** Python's comparison of two numbers. */
export function holds(left: number, operator: RuleDecision['operator'], right: number): boolean {
  switch (operator) {
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '==':
      return left === right;
    case '!=':
      return left !== right;
  }
}
