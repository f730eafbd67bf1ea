import { compare } from '../interpreter/comparisons.ts';
import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { binary, truth } from '../interpreter/operators.ts';
import { assertHolds } from '../statements/assert-holds.ts';
import { plainNumber, never, none, type NumberValue, type Value } from '../state/values.ts';
import type { ComparisonOperator } from '../syntax/syntax.ts';

/** Assertion methods of unittest that compare, and `pytest_check`'s functions of the same meaning. */
const comparisons: Readonly<Record<string, ComparisonOperator>> = {
  assertGreater: '>',
  assertGreaterEqual: '>=',
  assertLess: '<',
  assertLessEqual: '<=',
  assertEqual: '==',
  assertEquals: '==',
  assertNotEqual: '!=',
  assertIs: 'is',
  assertIn: 'in',
  greater: '>',
  greater_equal: '>=',
  less: '<',
  less_equal: '<=',
  equal: '==',
  not_equal: '!=',
  is_in: 'in',
};

/** A call of an assertion function of a framework; null when it is none that is known. */
export function callAssertion(machine: Machine, name: string, call: CallArguments): Value | null {
  const operator = Object.hasOwn(comparisons, name) ? comparisons[name] : undefined;
  const [left = never, right = never] = call.values;
  if (operator !== undefined) {
    fulfil(machine, compare(machine, { left, operator, right, at: call.at }), { call, negated: false });
    return none;
  }
  switch (name) {
    case 'assertTrue':
    case 'is_true':
      fulfil(machine, left, { call, negated: false });
      return none;
    case 'assertFalse':
    case 'is_false':
      fulfil(machine, left, { call, negated: true });
      return none;
    case 'assertIsNone':
    case 'assertIsNotNone':
    case 'assertIsInstance':
    case 'assertNotIn':
    case 'subTest':
    case 'skipTest':
      return none;
    case 'assertAlmostEqual':
    case 'assertAlmostEquals':
      fulfil(machine, almostEqual(machine, call), { call, negated: false });
      return none;
    case 'assertNotAlmostEqual':
      fulfil(machine, almostEqual(machine, call), { call, negated: true });
      return none;
    case 'assertRaises':
    case 'assertRaisesRegex':
      return { type: 'builtin', name: 'expect failure', self: null, bound: null };
    case 'fail':
      machine.raise(['AssertionError', 'Exception'], never, call.at);
      return never;
    default:
      return null;
  }
}

/** `pytest_check.check(condition)`, `self.assertTrue(condition)`. */
export function fulfil(
  machine: Machine,
  value: Value,
  { call, negated }: { call: CallArguments; negated: boolean },
): void {
  const { formula, decisions } = truth(machine, value);
  assertHolds(machine, { formula: negated ? machine.formulas.not(formula) : formula, decisions }, call.at);
}

/** unittest: |first − second| ≤ delta; without delta, the difference rounded to `places` decimals is 0. */
function almostEqual(machine: Machine, call: CallArguments): Value {
  const { at } = call;
  const [first = never, second = never] = call.values;
  const delta = call.named.get('delta') ?? call.values[4];
  const places = machine.resolve(call.named.get('places') ?? call.values[2] ?? plainNumber(7));
  if (delta !== undefined && machine.resolve(delta).type !== 'none') {
    return closeness(machine, { first, second, width: delta, inclusive: true, at });
  }
  const digits = places.type === 'number' ? places.value : 7;
  const value = Number(`5e${-digits - 1}`);
  const width: NumberValue = {
    type: 'number',
    value,
    isInteger: false,
    rule: { kind: 'number', value, isInteger: false },
    size: 1,
  };
  return closeness(machine, { first, second, width, inclusive: true, at });
}

interface Closeness {
  first: Value;
  second: Value;
  width: Value;
  inclusive: boolean;
  at: string;
}

/** `|first − second| ≤ width`, where one of the two is a number that stands in a file. */
export function closeness(machine: Machine, { first, second, width, inclusive, at }: Closeness): Value {
  return machine.map(first, (left) =>
    machine.map(second, (right) =>
      machine.map(width, (size) => {
        const [value, centre] = left.type === 'unknown' ? [left, right] : [right, left];
        if (value.type === 'unknown' && centre.type === 'number' && size.type === 'number') {
          const atom = machine.formulas.atom({ kind: 'within', value, centre, width: size, inclusive, at });
          return machine.condition(atom);
        }
        const difference = binary(machine, '-', { left, right, at });
        return machine.condition(
          machine.formulas.atom({
            kind: 'fact',
            text: `is close ${at}`,
            value: difference.type === 'unknown' ? difference : null,
          }),
        );
      }),
    ),
  );
}

/** `math.isclose`: `rel_tol` × the larger of both, or `abs_tol`. Read as a width around the known one. */
export function isClose(machine: Machine, call: CallArguments): Value {
  const { at, named } = call;
  const [first = never, second = never] = call.values;
  const relative = machine.resolve(named.get('rel_tol') ?? decimal(1e-9));
  const absolute = machine.resolve(named.get('abs_tol') ?? decimal(0));
  const known = [machine.resolve(first), machine.resolve(second)].find(({ type }) => type === 'number');
  if (known?.type !== 'number' || relative.type !== 'number' || absolute.type !== 'number') {
    return closeness(machine, { first, second, width: never, inclusive: true, at });
  }
  const size = machine.compute('abs', [known], { at });
  const share = size === null ? null : machine.compute('mul', [relative, size], { at });
  const width =
    share === null || absolute.value === 0 ? share : machine.compute('max', [share, absolute], { at });
  return closeness(machine, { first, second, width: width ?? never, inclusive: true, at });
}

export function decimal(value: number): NumberValue {
  return {
    type: 'number',
    value,
    isInteger: false,
    rule: { kind: 'number', value, isInteger: false },
    size: 1,
  };
}
