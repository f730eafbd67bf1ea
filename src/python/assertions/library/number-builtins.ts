import { callUnknown, numbersInside } from '../interpreter/calls.ts';
import { builtin } from '../interpreter/attributes.ts';
import { elementsOf } from '../interpreter/containers.ts';
import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { asNumber, lostAmong, nameOf } from '../interpreter/operators.ts';
import { parsePythonNumber } from '../../../domain/numbers/python-numbers.ts';
import type { PythonOperation } from '../../../domain/numbers/python-arithmetic.ts';
import {
  never,
  plainNumber,
  type NumberValue,
  type StringValue,
  type Value,
  type ValueStep,
} from '../state/values.ts';

const stepKinds: Readonly<Partial<Record<PythonOperation, ValueStep['kind']>>> = {
  abs: 'abs',
  float: 'float',
  trunc: 'int',
  round: 'round',
};

/** `abs`, `float`, `int`, `math.ceil` …: of a number, of the text of one, or a step on a measured value. */
export function toNumber(machine: Machine, operation: PythonOperation, call: CallArguments): Value {
  const { at } = call;
  if (call.values.length === 0) {
    return plainNumber(0, operation !== 'float');
  }
  return machine.map(call.values[0] ?? never, (value): Value => {
    const text = textOf(value);
    if (text !== null) {
      return fromText(machine, text, { operation, at });
    }
    const number = asNumber(value);
    if (number !== null) {
      return operation === 'float' && !number.isInteger
        ? number
        : (machine.compute(operation, [number], { at }) ?? callUnknown(machine, builtin(operation), call));
    }
    if (value.type === 'unknown') {
      const kind = stepKinds[operation] ?? 'other';
      // A float of a measured number is the number.
      return kind === 'float' ? value : machine.stepped(value, { kind, by: null, at });
    }
    return value.type === 'never' ? value : callUnknown(machine, builtin(operation), call);
  });
}

/** A string that stands in a file, or the default of an environment variable. */
function textOf(value: Value): StringValue | null {
  if (value.type === 'string') {
    return value;
  }
  return value.type === 'unknown' &&
    value.root.kind === 'environment' &&
    value.path.length === 0 &&
    value.steps.length === 0
    ? value.root.fallback
    : null;
}

/** The number in a text: a literal like others, only that quotes stand around it. */
function fromText(
  machine: Machine,
  text: StringValue,
  { operation, at }: { operation: PythonOperation; at: string },
): Value {
  const number = parsePythonNumber(text.value);
  const { origin } = text;
  if (number === null || (operation === 'trunc' && !number.isInteger)) {
    return machine.unknown({ name: `${operation}(${nameOf(text)})`, at });
  }
  const isInteger = operation === 'trunc';
  if (origin === null) {
    return plainNumber(number.value, isInteger);
  }
  const inner = origin.module.text.indexOf(text.value, origin.start);
  const start = inner < 0 || inner > origin.end ? origin.start : inner;
  const { line } = origin;
  const rule = origin.module.literal({
    value: number.value,
    isInteger,
    start,
    end: start + text.value.length,
    line,
  });
  return { type: 'number', value: number.value, isInteger, rule, size: 1 };
}

export function rounded(machine: Machine, call: CallArguments): Value {
  const { at } = call;
  const digits = call.values[1] ?? call.named.get('ndigits');
  return machine.map(call.values[0] ?? never, (value): Value => {
    const number = asNumber(value);
    const places = digits === undefined ? null : machine.resolve(digits);
    if (number !== null && (places === null || places.type === 'none')) {
      return machine.compute('round', [number], { at }) ?? callUnknown(machine, builtin('round'), call);
    }
    if (number !== null && places?.type === 'number') {
      return (
        machine.compute('round', [number, places], { at }) ?? callUnknown(machine, builtin('round'), call)
      );
    }
    if (value.type === 'unknown') {
      const by = places?.type === 'number' ? places : null;
      return machine.stepped(value, { kind: 'round', by, at });
    }
    return callUnknown(machine, builtin('round'), call);
  });
}

/** `min` and `max`, over arguments or over one list. */
export function extreme(machine: Machine, operation: 'min' | 'max', call: CallArguments): Value {
  const { at } = call;
  const [only] = call.values;
  const isList = call.values.length === 1 && only !== undefined;
  const items = isList ? elementsOf(machine, only, at) : null;
  const values = items === null ? call.values : items.map(({ value }) => value);
  const isCertain = (items ?? []).every(({ guard }) => guard.kind === 'true') && !call.named.has('key');
  if (!isCertain || values.length === 0 || values.length > 200) {
    return callUnknown(machine, builtin(operation), { ...call, values });
  }
  return combine(machine, values, (operands) => {
    const numbers = operands.map(asNumber);
    const known = numbers.filter((number): number is NumberValue => number !== null);
    return known.length === operands.length
      ? (machine.compute(operation, known, { at }) ?? callUnknown(machine, builtin(operation), call))
      : derived(machine, { name: operation, operands, at });
  });
}

function derived(
  machine: Machine,
  { name, operands, at }: { name: string; operands: readonly Value[]; at: string },
): Value {
  const swallowed = numbersInside(machine, operands);
  const text = `${name}(${operands.map(nameOf).join(', ')})`.slice(0, 120);
  const reason = swallowed.length === 0 ? null : 'it is combined with measured values';
  return machine.unknown({ name: text, at, swallowed, reason, ...lostAmong(operands) });
}

/** Applies a function to every way in which values may turn out. */
function combine(machine: Machine, values: readonly Value[], action: (settled: Value[]) => Value): Value {
  const next = (index: number, settled: Value[]): Value => {
    const value = values[index];
    return value === undefined
      ? action(settled)
      : machine.map(value, (one) => next(index + 1, [...settled, one]));
  };
  return next(0, []);
}

export function summed(machine: Machine, call: CallArguments): Value {
  return accumulated(machine, 'sum', call);
}

/** `sum`, `statistics.mean` over a list. */
export function accumulated(machine: Machine, operation: 'sum' | 'mean', call: CallArguments): Value {
  const { at } = call;
  const items = elementsOf(machine, call.values[0] ?? never, at);
  const numbers = items.map(({ value }) => asNumber(value));
  const known = numbers.filter((number): number is NumberValue => number !== null);
  const isCertain = items.every(({ guard }) => guard.kind === 'true') && known.length === items.length;
  if (isCertain && call.values.length === 1 && known.length > 0) {
    const result = machine.compute(operation, known, { at });
    if (result !== null) {
      return result;
    }
  }
  return derived(machine, { name: operation, operands: items.map(({ value }) => value), at });
}
