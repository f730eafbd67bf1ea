import { always, impossible, type Formula, type NumericOperator } from '../state/formula.ts';
import { withinApproximation } from './approximation.ts';
import { keyText } from '../state/key-text.ts';
import type { Machine } from '../state/machine.ts';
import { asNumber, compareNumbers, truth } from './operators.ts';
import type { ComparisonOperator } from '../syntax/syntax.ts';
import {
  booleanValue,
  type EitherValue,
  type LazyValue,
  type NumberValue,
  type UnknownValue,
  type Value,
} from '../state/values.ts';

type Settled = Exclude<Value, EitherValue | LazyValue>;

export interface Comparison {
  left: Value;
  operator: ComparisonOperator;
  right: Value;
  at: string;
}

/** `left <operator> right` as Python would answer, or as a condition where only a run can. */
export function compare(machine: Machine, { left, operator, right, at }: Comparison): Value {
  return machine.map(left, (first) =>
    machine.map(right, (second) => settledComparison(machine, { left: first, operator, right: second, at })),
  );
}

interface SettledComparison {
  left: Settled;
  operator: ComparisonOperator;
  right: Settled;
  at: string;
}

function settledComparison(machine: Machine, comparison: SettledComparison): Value {
  machine.step();
  const { left, right, operator } = comparison;
  if (left.type === 'never' || right.type === 'never') {
    return { type: 'never' };
  }
  switch (operator) {
    case 'in':
    case 'not in':
      return negatedWhen(machine, membership(machine, comparison), operator === 'not in');
    case 'is':
    case 'is not':
      return negatedWhen(machine, identity(machine, comparison), operator === 'is not');
    default:
      return relation(machine, { ...comparison, operator });
  }
}

function negatedWhen(machine: Machine, value: Value, isNegated: boolean): Value {
  if (!isNegated) {
    return value;
  }
  const { formula, decisions } = truth(machine, value);
  const negated = machine.formulas.not(formula);
  return negated.kind === 'true' || negated.kind === 'false'
    ? booleanValue(negated.kind === 'true', decisions)
    : machine.condition(negated);
}

function fact(machine: Machine, text: string, value: UnknownValue | null): Value {
  return machine.condition(machine.formulas.atom({ kind: 'fact', text, value }));
}

function identity(machine: Machine, { left, right, at }: SettledComparison): Value {
  const [subject, other] = left.type === 'none' || left.type === 'boolean' ? [right, left] : [left, right];
  if (other.type === 'none') {
    if (subject.type === 'unknown') {
      return fact(machine, 'is None', subject);
    }
    for (const side of [subject, other]) {
      if (subject.type === 'none' && side.type === 'none' && side.origin !== null) {
        const { origin } = side;
        machine.inactive.set(`${origin.module.path}:${origin.start}`, { origin, at });
      }
    }
    return booleanValue(subject.type === 'none');
  }
  if (other.type === 'boolean') {
    const isBoolean = subject.type === 'boolean' || subject.type === 'condition';
    if (isBoolean) {
      return negatedWhen(machine, subject, !other.value);
    }
    return subject.type === 'unknown'
      ? negatedWhen(machine, fact(machine, 'is True', subject), !other.value)
      : booleanValue(false);
  }
  if (subject.type === 'unknown' || other.type === 'unknown') {
    const value = subject.type === 'unknown' ? subject : other.type === 'unknown' ? other : null;
    return fact(machine, `is the same as ${other.type} ${at}`, value);
  }
  return booleanValue(identical(subject, other));
}

function identical(left: Settled, right: Settled): boolean {
  if (left.type === 'external' && right.type === 'external') {
    return left.name === right.name;
  }
  return left === right || (left.type === 'string' && right.type === 'string' && left.value === right.value);
}

function membership(machine: Machine, { left, right, at }: SettledComparison): Value {
  if (right.type === 'string' && left.type === 'string') {
    return booleanValue(right.value.includes(left.value));
  }
  const isLost = (right.type === 'dictionary' || right.type === 'sequence') && right.lost !== null;
  if (isLost || (right.type !== 'dictionary' && right.type !== 'sequence')) {
    const value = left.type === 'unknown' ? left : right.type === 'unknown' ? right : null;
    const text = left.type === 'string' ? JSON.stringify(left.value.slice(0, 60)) : left.type;
    return fact(machine, `contains ${text}${value === null ? ` ${at}` : ''}`, value);
  }
  const members: { value: Value; guard: Formula }[] =
    right.type === 'dictionary'
      ? [...right.entries.values()].map((entry) => ({
          value: entry.key,
          guard: present(machine, entry.value),
        }))
      : right.items;
  machine.step(members.length);
  const found = members.map(({ value, guard }) => {
    const equal = compare(machine, { left: value, operator: '==', right: left, at });
    return machine.formulas.and([guard, truth(machine, equal).formula]);
  });
  return machine.condition(machine.formulas.or(found));
}

/** When an entry is there at all. */
export function present(machine: Machine, value: Value): Formula {
  const resolved = machine.resolve(value);
  if (resolved.type !== 'either') {
    return resolved.type === 'never' ? impossible : always;
  }
  return machine.choose(
    resolved.condition,
    present(machine, resolved.met),
    present(machine, resolved.otherwise),
  );
}

const mirrored: Readonly<Record<NumericOperator, NumericOperator>> = {
  '<': '>',
  '<=': '>=',
  '>': '<',
  '>=': '<=',
  '==': '==',
  '!=': '!=',
};

interface Relation extends SettledComparison {
  operator: NumericOperator;
}

function relation(machine: Machine, comparison: Relation): Value {
  const { left, operator, right, at } = comparison;
  if (left.type === 'approximation' || right.type === 'approximation') {
    return approximate(machine, comparison);
  }
  const [first, second] = [asNumber(left), asNumber(right)];
  if (first !== null && second !== null) {
    return compareNumbers(first, operator, second);
  }
  if (left.type === 'unknown' && right.type === 'unknown') {
    return left.id === right.id && (operator === '==' || operator === '!=')
      ? booleanValue(operator === '==')
      : machine.condition(machine.formulas.atom({ kind: 'pair', left, right, operator, at }));
  }
  if (left.type === 'unknown') {
    return unknownRelation(machine, { value: left, operator, other: right, at });
  }
  if (right.type === 'unknown') {
    return unknownRelation(machine, { value: right, operator: mirrored[operator], other: left, at });
  }
  return plainRelation(machine, comparison);
}

interface UnknownRelation {
  value: UnknownValue;
  operator: NumericOperator;
  other: Settled;
  at: string;
}

function unknownRelation(machine: Machine, { value, operator, other, at }: UnknownRelation): Value {
  const isNegated = operator === '!=';
  const isEquality = operator === '==' || isNegated;
  const { formulas } = machine;
  if (other.type === 'number') {
    const counted = countRelation(machine, { value, operator, number: other });
    if (counted !== null) {
      return machine.condition(counted);
    }
    if (
      isEquality &&
      (value.root.kind === 'option' || value.root.kind === 'environment' || isSelector(value, other))
    ) {
      const atom = formulas.atom({ kind: 'equals', value, text: String(other.value) });
      return machine.condition(isNegated ? formulas.not(atom) : atom);
    }
    const equality = isNegated ? '==' : operator;
    const atom = formulas.atom({ kind: 'bound', operator: equality, value, number: other, at });
    return machine.condition(isNegated ? formulas.not(atom) : atom);
  }
  if (!isEquality) {
    return fact(machine, `${operator} ${other.type} ${at}`, value);
  }
  const text =
    other.type === 'string'
      ? JSON.stringify(other.value.slice(0, 80))
      : (keyText(other) ?? `${other.type} ${at}`);
  const atom = formulas.atom({ kind: 'equals', value, text });
  return machine.condition(isNegated ? formulas.not(atom) : atom);
}

/** A whole number without a place (an index, a dictionary's key) selects; it is no bound. */
function isSelector(_value: UnknownValue, number: NumberValue): boolean {
  return number.isInteger && number.rule.kind === 'number';
}

/** `len(failures) == 0` and its like. */
function countRelation(
  machine: Machine,
  { value, operator, number }: { value: UnknownValue; operator: NumericOperator; number: NumberValue },
): Formula | null {
  const some = machine.counts.get(value.id);
  if (some === undefined || value.steps.length > 0) {
    return null;
  }
  const empty = machine.formulas.not(some);
  const bound = number.value;
  if (bound === 0) {
    const answers: Record<NumericOperator, Formula> = {
      '==': empty,
      '<=': empty,
      '<': impossible,
      '!=': some,
      '>': some,
      '>=': always,
    };
    return answers[operator];
  }
  return bound === 1 && (operator === '<' || operator === '>=') ? (operator === '<' ? empty : some) : null;
}

function plainRelation(machine: Machine, { left, operator, right, at }: Relation): Value {
  if (operator === '==' || operator === '!=') {
    const equal = equality(machine, left, right);
    return equal === null
      ? fact(machine, `${left.type} ${operator} ${right.type} ${at}`, null)
      : booleanValue(equal === (operator === '=='));
  }
  if (left.type === 'string' && right.type === 'string') {
    const order = left.value < right.value ? -1 : left.value > right.value ? 1 : 0;
    const outcome = { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator];
    return booleanValue(outcome);
  }
  return fact(machine, `${left.type} ${operator} ${right.type} ${at}`, null);
}

/** Null where it is not known. */
function equality(machine: Machine, left: Settled, right: Settled): boolean | null {
  const [a, b] = [keyText(left), keyText(right)];
  if (a !== null && b !== null) {
    return a === b;
  }
  const simple = new Set(['string', 'number', 'none', 'boolean', 'external']);
  if (simple.has(left.type) && simple.has(right.type)) {
    return false;
  }
  if (left.type === 'sequence' && right.type === 'sequence') {
    return sameSequences(machine, left, right);
  }
  return left === right ? true : null;
}

function sameSequences(
  machine: Machine,
  left: Extract<Value, { type: 'sequence' }>,
  right: Extract<Value, { type: 'sequence' }>,
): boolean | null {
  if (
    left.items.some(({ guard }) => guard.kind !== 'true') ||
    right.items.some(({ guard }) => guard.kind !== 'true')
  ) {
    return null;
  }
  if (left.items.length !== right.items.length) {
    return false;
  }
  for (const [index, item] of left.items.entries()) {
    const other = right.items[index]?.value;
    const [a, b] = [machine.resolve(item.value), other === undefined ? null : machine.resolve(other)];
    if (b === null || a.type === 'either' || b.type === 'either') {
      return null;
    }
    const equal = equality(machine, a, b);
    if (equal !== true) {
      return equal;
    }
  }
  return true;
}

/** `value == pytest.approx(centre)`. */
function approximate(machine: Machine, { left, operator, right, at }: Relation): Value {
  const approximation = left.type === 'approximation' ? left : right;
  const value = left.type === 'approximation' ? right : left;
  if (approximation.type !== 'approximation') {
    return fact(machine, `approx ${at}`, null);
  }
  const result = withinApproximation(machine, approximation, value, at);
  return negatedWhen(machine, result, operator === '!=');
}
