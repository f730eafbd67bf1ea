import type { RuleDecision } from '../../../domain/gates/rule.ts';
import { createSequence, elementsOf } from '../interpreter/containers.ts';
import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { asNumber, truth } from '../interpreter/operators.ts';
import { never, plainNumber, type Item, type Value } from '../state/values.ts';

/** `all` fails for an element that does not hold, `any` where none holds. */
export function quantified(machine: Machine, call: CallArguments, kind: 'all' | 'any'): Value {
  const value = machine.resolve(call.values[0] ?? never);
  if (value.type === 'condition') {
    return value;
  }
  const { formulas } = machine;
  const items = elementsOf(machine, value, call.at);
  const found = items.map((item) => {
    const inner = machine.under(item.guard, () => truth(machine, item.value)).formula;
    return formulas.and([item.guard, kind === 'all' ? formulas.not(inner) : inner], true);
  });
  const some = formulas.or(found);
  return machine.condition(kind === 'all' ? formulas.not(some) : some);
}

/** Sorted where each element is a number that stands in a file or a string; else the order is not known. */
export function sorted(machine: Machine, call: CallArguments): Value {
  const items = elementsOf(machine, call.values[0] ?? never, call.at);
  const isPlain = call.named.size === 0 && items.every(({ guard }) => guard.kind === 'true');
  const types = new Set(items.map(({ value }) => value.type));
  if (isPlain && types.size <= 1 && (types.has('number') || types.has('string') || types.size === 0)) {
    const inOrder = items.toSorted((left, right) => order(left.value, right.value));
    return createSequence(machine, 'list', ordered(inOrder, call.at));
  }
  return createSequence(machine, 'set', items);
}

/** Numbers in an order that holds only while they compare as they do now: the rule of each says so. */
function ordered(items: readonly Item[], at: string): Item[] {
  const rules = items.flatMap(({ value }) => (value.type === 'number' ? [value.rule] : []));
  const decisions = rules.slice(1).map((right, index): RuleDecision => {
    const left = rules[index] ?? right;
    return { left, operator: '<=', right, outcome: true };
  });
  return items.map(({ value, guard }) => {
    const isPlain = value.type !== 'number' || value.rule.kind === 'number' || decisions.length === 0;
    return isPlain
      ? { value, guard }
      : { value: { ...value, rule: { kind: 'branch', at, decisions, taken: value.rule } }, guard };
  });
}

function order(left: Value, right: Value): number {
  if (left.type === 'number' && right.type === 'number') {
    return left.value - right.value;
  }
  return left.type === 'string' && right.type === 'string'
    ? left.value < right.value
      ? -1
      : Number(left.value > right.value)
    : 0;
}

export function rangeOf(machine: Machine, call: CallArguments): Value {
  const numbers = call.values.map((value) => asNumber(machine.resolve(value)));
  const [first, second, third] = numbers;
  if (first === null || first === undefined || second === null || third === null) {
    return machine.unknown({ name: 'range()', at: call.at });
  }
  const [start, end] = second === undefined ? [0, first.value] : [first.value, second.value];
  const step = third?.value ?? 1;
  if (step === 0 || Math.abs((end - start) / step) > machine.limits.elements) {
    return machine.unknown({ name: 'range()', at: call.at });
  }
  const items: Item[] = [];
  for (let value = start; step > 0 ? value < end : value > end; value += step) {
    items.push({ value: plainNumber(value), guard: machine.formulas.and([]) });
  }
  return createSequence(machine, 'list', items);
}

function pair(machine: Machine, values: readonly Value[]): Value {
  const guard = machine.formulas.and([]);
  return createSequence(
    machine,
    'tuple',
    values.map((value) => ({ value, guard })),
  );
}

export function enumerated(machine: Machine, call: CallArguments): Value {
  const items = elementsOf(machine, call.values[0] ?? never, call.at);
  const start = asNumber(machine.resolve(call.values[1] ?? call.named.get('start') ?? plainNumber(0)));
  return createSequence(
    machine,
    'list',
    items.map(({ value, guard }, index) => {
      const isCertain = guard.kind === 'true' && start !== null;
      const number = isCertain
        ? plainNumber(start.value + index)
        : machine.unknown({ name: 'index', at: call.at, kind: 'parameter' });
      return { value: pair(machine, [number, value]), guard };
    }),
  );
}

/** Known lists decide how many elements there are; a measured one has an element for each. */
export function zipped(machine: Machine, call: CallArguments): Value {
  const parts = call.values.map((value) => machine.resolve(value));
  const known = parts.flatMap((part) =>
    part.type === 'unknown' ? [] : [elementsOf(machine, part, call.at)],
  );
  const length = known.length === 0 ? 1 : Math.min(...known.map((items) => items.length));
  const { formulas } = machine;
  const items = Array.from({ length }, (_, index): Item => {
    const row = parts.map((part): Item => {
      if (part.type === 'unknown' && known.length > 0) {
        return { value: machine.member(part, `[${index}]`), guard: formulas.and([]) };
      }
      return elementsOf(machine, part, call.at)[index] ?? { value: never, guard: formulas.or([]) };
    });
    const guard = formulas.and(row.map((item) => item.guard));
    return {
      value: pair(
        machine,
        row.map(({ value }) => value),
      ),
      guard,
    };
  });
  return createSequence(machine, 'list', items);
}

export function mapped(machine: Machine, call: CallArguments): Value {
  const [target, ...lists] = call.values;
  const rows = zipped(machine, { ...call, values: lists });
  const items = elementsOf(machine, rows, call.at).map(({ value, guard }) => {
    const values = value.type === 'sequence' ? value.items.map((item) => item.value) : [value];
    const answer = machine.under(guard, () =>
      machine.rules.call(target ?? never, { ...call, values, named: new Map() }),
    );
    return { value: answer, guard };
  });
  return createSequence(machine, 'list', items);
}

export function filtered(machine: Machine, call: CallArguments): Value {
  const [target, list] = call.values;
  const items = elementsOf(machine, list ?? never, call.at).map((item) => {
    const kept = machine.under(item.guard, () => {
      const isFunction = target !== undefined && machine.resolve(target).type !== 'none';
      const answer = isFunction
        ? machine.rules.call(target, { ...call, values: [item.value], named: new Map() })
        : item.value;
      return truth(machine, answer).formula;
    });
    return { value: item.value, guard: machine.formulas.and([item.guard, kept], true) };
  });
  return createSequence(machine, 'list', items);
}

export function first(machine: Machine, call: CallArguments): Value {
  const source = machine.resolve(call.values[0] ?? never);
  const last = call.values[1] ?? never;
  const items = source.type === 'sequence' && source.lost === null ? source.items : null;
  if (items === null) {
    return machine.unknown({ name: 'next()', at: call.at });
  }
  return items.reduceRight<Value>((rest, { value, guard }) => machine.either(guard, value, rest), last);
}
