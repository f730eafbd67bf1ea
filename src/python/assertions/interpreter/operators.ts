import type { RuleDecision } from '../../../domain/gates/rule.ts';
import { holds } from '../../../domain/gates/threshold-at.ts';
import type { PythonOperation } from '../../../domain/numbers/python-arithmetic.ts';
import { always, impossible, type Formula, type NumericOperator } from '../state/formula.ts';
import type { Machine } from '../state/machine.ts';
import type { BinaryOperator } from '../syntax/syntax.ts';
import {
  booleanValue,
  plainNumber,
  stringValue,
  type EitherValue,
  type LazyValue,
  type NumberValue,
  type SequenceValue,
  type UnknownValue,
  type Value,
  type ValueStep,
} from '../state/values.ts';

type Settled = Exclude<Value, EitherValue | LazyValue>;

const arithmetic: Readonly<Partial<Record<BinaryOperator, PythonOperation>>> = {
  '+': 'add',
  '-': 'sub',
  '*': 'mul',
  '/': 'div',
  '//': 'floordiv',
  '%': 'mod',
  '**': 'pow',
};

/** `left <operator> right`, for every kind of value. */
export function binary(
  machine: Machine,
  operator: BinaryOperator,
  operands: { left: Value; right: Value; at: string },
): Value {
  return machine.map(operands.left, (left) =>
    machine.map(operands.right, (right) =>
      settledBinary(machine, operator, { left, right, at: operands.at }),
    ),
  );
}

function settledBinary(
  machine: Machine,
  operator: BinaryOperator,
  { left, right, at }: { left: Settled; right: Settled; at: string },
): Value {
  if (left.type === 'never' || right.type === 'never') {
    return { type: 'never' };
  }
  const [first, second] = [asNumber(left), asNumber(right)];
  if (first !== null && second !== null) {
    return numeric(machine, operator, { first, second, at });
  }
  if (left.type === 'string' && right.type === 'string' && operator === '+') {
    return stringValue(left.value + right.value);
  }
  if (left.type === 'sequence' && right.type === 'sequence' && operator === '+') {
    return concatenated(machine, left, right);
  }
  if (left.type === 'sequence' && second?.isInteger === true && operator === '*') {
    return repeated(machine, left, { times: second.value, at });
  }
  if (left.type === 'condition' || right.type === 'condition') {
    const joined = logical(machine, operator, left, right);
    if (joined !== null) {
      return joined;
    }
  }
  if (left.type === 'unknown' || right.type === 'unknown') {
    return mixed(machine, operator, { left, right, at });
  }
  if ((left.type === 'external' && right.type === 'string') || left.type === 'string') {
    return machine.unknown({ name: 'text', at, kind: 'parameter' });
  }
  return machine.unknown({ name: `${nameOf(left)} ${operator} ${nameOf(right)}`, at });
}

function numeric(
  machine: Machine,
  operator: BinaryOperator,
  { first, second, at }: { first: NumberValue; second: NumberValue; at: string },
): Value {
  const operation = arithmetic[operator];
  const isShift = operator === '<<' && second.value >= 0 && second.value < 53;
  const power = isShift ? plainNumber(2 ** second.value) : second;
  const result =
    operation === undefined && !isShift ? null : machine.compute(operation ?? 'mul', [first, power], { at });
  return (
    result ??
    machine.unknown({
      name: `${first.value} ${operator} ${second.value}`,
      at,
      kind: 'lost',
      reason: `${operator} has no result here that is certain to the last bit`,
      swallowed: [first, second],
    })
  );
}

/** `&` and `|` of booleans. */
function logical(machine: Machine, operator: BinaryOperator, left: Settled, right: Settled): Value | null {
  const [a, b] = [truth(machine, left).formula, truth(machine, right).formula];
  if (operator === '&') {
    return machine.condition(machine.formulas.and([a, b]));
  }
  return operator === '|' ? machine.condition(machine.formulas.or([a, b])) : null;
}

function concatenated(machine: Machine, left: SequenceValue, right: SequenceValue): Value {
  machine.step(left.items.length + right.items.length);
  if (left.items.length + right.items.length > 10 * machine.limits.elements) {
    return machine.unknown({ name: 'a long list', at: '' });
  }
  const { form } = left;
  const lost = left.lost ?? right.lost;
  return {
    type: 'sequence',
    form,
    items: [...left.items, ...right.items],
    fields: null,
    birth: machine.path.current,
    lost,
  };
}

function repeated(
  machine: Machine,
  left: SequenceValue,
  { times, at }: { times: number; at: string },
): Value {
  if (left.items.length * times > machine.limits.elements) {
    return machine.unknown({ name: 'a long list', at });
  }
  const items = Array.from({ length: Math.max(0, times) }, () => left.items).flat();
  machine.step(items.length);
  return { ...left, items, birth: machine.path.current };
}

const valueSteps: Readonly<Partial<Record<BinaryOperator, [ValueStep['kind'], ValueStep['kind']]>>> = {
  '+': ['add', 'add'],
  '-': ['sub', 'rsub'],
  '*': ['mul', 'mul'],
  '/': ['div', 'rdiv'],
};

/** A measured value with a number, or with another measured value. */
function mixed(
  machine: Machine,
  operator: BinaryOperator,
  { left, right, at }: { left: Settled; right: Settled; at: string },
): Value {
  const kinds = valueSteps[operator];
  const [first, second] = [asNumber(left), asNumber(right)];
  if (kinds !== undefined && left.type === 'unknown' && second !== null) {
    return machine.stepped(left, { kind: kinds[0], by: second, at });
  }
  if (kinds !== undefined && right.type === 'unknown' && first !== null) {
    return machine.stepped(right, { kind: kinds[1], by: first, at });
  }
  // Each number once, and not without end: values that are combined again and again carry theirs along.
  const all = new Map([...numbersIn(left), ...numbersIn(right)].map((number) => [number.rule, number]));
  const swallowed = [...all.values()].slice(0, 50);
  const name = `${nameOf(left)} ${operator} ${nameOf(right)}`.slice(0, 120);
  const reason = swallowed.length === 0 ? null : 'it is combined with measured values';
  return machine.unknown({ name, at, swallowed, reason, ...lostAmong([left, right]) });
}

/** What is computed from something that could not be followed cannot be followed either. */
export function lostAmong(values: readonly Value[]): { kind?: 'lost'; reason?: string | null } {
  for (const value of values) {
    if (value.type === 'unknown' && value.root.kind === 'lost') {
      return { kind: 'lost', reason: value.root.reason };
    }
  }
  return {};
}

/** Numbers that a value has gone through. */
function numbersIn(value: Settled): NumberValue[] {
  if (value.type === 'number') {
    return [value];
  }
  return value.type === 'unknown'
    ? [...value.root.swallowed, ...value.steps.flatMap(({ by }) => (by === null ? [] : [by]))]
    : [];
}

/** A number, or a boolean taken for one. */
export function asNumber(value: Value): NumberValue | null {
  if (value.type === 'boolean') {
    return plainNumber(value.value ? 1 : 0);
  }
  return value.type === 'number' ? value : null;
}

/** What people would call a value. */
export function nameOf(value: Value): string {
  switch (value.type) {
    case 'unknown':
      return [value.root.name, ...value.path].join('.').replaceAll('.[', '[');
    case 'number':
    case 'boolean':
      return String(value.value);
    case 'string':
      return JSON.stringify(value.value.slice(0, 40));
    case 'external':
    case 'builtin':
    case 'function':
    case 'class':
      return value.name;
    default:
      return value.type;
  }
}

export interface Truth {
  formula: Formula;
  decisions: readonly RuleDecision[];
}

/** Whether Python takes a value for true, and which literals decided it. */
export function truth(machine: Machine, value: Value): Truth {
  const resolved = machine.resolve(value);
  switch (resolved.type) {
    case 'boolean':
      return { formula: resolved.value ? always : impossible, decisions: resolved.decisions };
    case 'condition':
      return settled(machine, resolved.formula);
    case 'number':
      return { formula: resolved.value === 0 ? impossible : always, decisions: zeroTest(resolved) };
    case 'none':
    case 'never':
      return { formula: impossible, decisions: [] };
    case 'string':
      return { formula: resolved.value === '' ? impossible : always, decisions: [] };
    case 'sequence':
      return settled(machine, notEmpty(machine, resolved));
    case 'dictionary':
      return { formula: resolved.entries.size === 0 ? impossible : always, decisions: [] };
    case 'unknown':
      return settled(machine, unknownTruth(machine, resolved));
    case 'either': {
      const met = machine.under(resolved.condition, () => truth(machine, resolved.met));
      const otherwise = machine.under(machine.formulas.not(resolved.condition), () =>
        truth(machine, resolved.otherwise),
      );
      return {
        formula: machine.choose(resolved.condition, met.formula, otherwise.formula),
        decisions: [...met.decisions, ...otherwise.decisions],
      };
    }
    default:
      return { formula: always, decisions: [] };
  }
}

function settled(machine: Machine, formula: Formula): Truth {
  const known = machine.path.settle(formula);
  return { formula: known === null ? formula : known ? always : impossible, decisions: [] };
}

function zeroTest(number: NumberValue): RuleDecision[] {
  return number.rule.kind === 'number'
    ? []
    : [
        {
          left: number.rule,
          operator: '!=',
          right: { kind: 'number', value: 0, isInteger: true },
          outcome: number.value !== 0,
        },
      ];
}

function unknownTruth(machine: Machine, value: UnknownValue): Formula {
  const counted = machine.counts.get(value.id);
  return counted ?? machine.formulas.atom({ kind: 'fact', text: 'is true', value });
}

/** When a list has an element. */
export function notEmpty(machine: Machine, sequence: SequenceValue): Formula {
  if (sequence.lost !== null) {
    const value = machine.unknown({ name: 'a list', at: '', kind: 'lost', reason: sequence.lost });
    return machine.formulas.atom({ kind: 'fact', text: 'is not empty', value });
  }
  machine.step(sequence.items.length);
  return machine.formulas.or(sequence.items.map(({ guard }) => guard));
}

/** A comparison of two numbers that both stand in files. */
export function compareNumbers(left: NumberValue, operator: NumericOperator, right: NumberValue): Value {
  const outcome = holds(left.value, operator, right.value);
  const isPlain = left.rule.kind === 'number' && right.rule.kind === 'number';
  return booleanValue(outcome, isPlain ? [] : [{ left: left.rule, operator, right: right.rule, outcome }]);
}
