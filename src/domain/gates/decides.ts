import { literalKey, literalsOf, type RuleLiteral, type RuleNode } from './rule.ts';
import { thresholdAt, type LiteralValues } from './threshold-at.ts';

/** Why a literal has no effect on a threshold, at the present values. */
export interface Decider {
  place: string;
  value: number;
}

/**
 * What decides a threshold instead of a literal: the operand that `min` or `max` takes, the number that overrides it.
 *
 * @returns null where the literal does decide, alone or together with others
 */
export function deciderOf(rule: RuleNode, key: string, values: LiteralValues = new Map()): Decider | null {
  let node = rule;
  for (;;) {
    if (!holdsLiteral(node, key)) {
      return describe(node, values);
    }
    const inner = chosen(node, key, values);
    if (inner === null) {
      return null;
    }
    node = inner;
  }
}

/** The part of a node that decides it; null where that is the literal itself, or several parts together. */
function chosen(node: RuleNode, key: string, values: LiteralValues): RuleNode | null {
  switch (node.kind) {
    case 'branch':
    case 'override':
      return node.taken;
    case 'apply': {
      if (node.operation !== 'min' && node.operation !== 'max') {
        // The literal takes part in what is computed, if it decides the operand that it is in.
        return node.operands.find((operand) => holdsLiteral(operand, key)) ?? null;
      }
      return extreme(node, key, values);
    }
    default:
      return null;
  }
}

function extreme(
  node: Extract<RuleNode, { kind: 'apply' }>,
  key: string,
  values: LiteralValues,
): RuleNode | null {
  const numbers = node.operands.map((operand) => thresholdAt(operand, values));
  const all = numbers.flatMap((answer) => (answer.kind === 'number' ? [answer.value] : []));
  const best = node.operation === 'min' ? Math.min(...all) : Math.max(...all);
  const winners = node.operands.filter((_, index) => {
    const answer = numbers[index];
    return answer?.kind === 'number' && answer.value === best;
  });
  // In a tie the literal decides as well: a little to one side of it the threshold moves.
  return winners.find((operand) => holdsLiteral(operand, key)) ?? winners[0] ?? null;
}

export function holdsLiteral(node: RuleNode, key: string): boolean {
  return literalsOf(node).some((literal) => literalKey(literal) === key);
}

function describe(node: RuleNode, values: LiteralValues): Decider {
  const answer = thresholdAt(node, values);
  const [literal] = literalsOf(node).sort(byName);
  return {
    place: literal?.place ?? 'a computed number',
    value: answer.kind === 'number' ? answer.value : Number.NaN,
  };
}

/** Named places before those that are only a line of a file. */
function byName(left: RuleLiteral, right: RuleLiteral): number {
  return Number(left.place.startsWith(left.file)) - Number(right.place.startsWith(right.file));
}
