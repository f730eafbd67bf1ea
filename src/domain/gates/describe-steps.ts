import type { RuleStep } from './gate.ts';
import type { ReadAssertion } from './reading.ts';
import { holdsLiteral } from './decides.ts';
import type { RuleNode } from './rule.ts';
import { thresholdAt, type LiteralValues } from './threshold-at.ts';

/** The steps from a literal to the threshold, in the order in which they are taken. */
export function stepsOf(rule: RuleNode, key: string, values: LiteralValues): RuleStep[] {
  const steps: RuleStep[] = [];
  let node: RuleNode | undefined = rule;
  while (node !== undefined && node.kind !== 'literal' && node.kind !== 'number' && steps.length < 500) {
    if (node.kind === 'apply') {
      const inner: RuleNode | undefined = node.operands.find((operand) => holdsLiteral(operand, key));
      const others = node.operands.filter((operand) => operand !== inner);
      const [other] = others;
      const number = others.length === 1 && other !== undefined ? thresholdAt(other, values) : null;
      steps.push({
        kind: node.operation,
        by: number?.kind === 'number' && Number.isFinite(number.value) ? number.value : null,
        by_place: other?.kind === 'literal' ? other.place : null,
        at: node.at,
      });
      node = inner;
    } else {
      const { kind, at, taken }: Extract<RuleNode, { kind: 'branch' | 'override' }> = node;
      steps.push({ kind, by: null, by_place: null, at });
      node = taken;
    }
  }
  return steps.reverse();
}

/** The factor between the measured value and the compared one; null where the steps are more than a factor. */
export function valueScale(steps: ReadAssertion['value']['steps']): number | null {
  let scale = 1;
  for (const { kind, by } of steps) {
    if (kind === 'mul' && by !== null) {
      scale *= by;
    } else if (kind === 'div' && by !== null && by !== 0) {
      scale /= by;
    } else if (kind !== 'float' && kind !== 'round') {
      return null;
    }
  }
  return scale;
}
