import type { Machine } from '../state/machine.ts';
import {
  never,
  type DictionaryValue,
  type EitherValue,
  type Item,
  type LazyValue,
  type SequenceValue,
  type UnknownValue,
  type Value,
} from '../state/values.ts';
import { compare } from './comparisons.ts';
import { truth } from './operators.ts';

type Settled = Exclude<Value, EitherValue | LazyValue>;

/** A row chosen by what only a run knows: each row, under the condition that it is the one. */
export function selectedEntry(
  machine: Machine,
  dictionary: DictionaryValue,
  { key, at, missing }: { key: Settled; at: string; missing: Value | null },
): Value {
  if (dictionary.entries.size > 200) {
    return machine.unknown({ name: 'a row of a long table', at });
  }
  let result: Value = missing ?? never;
  for (const entry of [...dictionary.entries.values()].reverse()) {
    const chosen = sameKey(machine, { left: key, right: entry.key, at });
    result = machine.either(chosen, withMissing(machine, entry.value, missing), result, true);
  }
  return result;
}

/** The same of a list: each element, under the condition that its index is the one. */
export function selectedElement(machine: Machine, sequence: SequenceValue, key: UnknownValue): Value {
  let result: Value = never;
  for (const [index, item] of [...sequence.items.entries()].reverse()) {
    const chosen = machine.formulas.atom({ kind: 'equals', value: key, text: String(index) });
    result = machine.either(chosen, item.value, result, true);
  }
  return result;
}

/** Whether a key can be held against those of a table part by part; of a condition only the truth is known. */
export function isWholeTuple(key: Settled): key is SequenceValue {
  return (
    key.type === 'sequence' &&
    key.form === 'tuple' &&
    key.items.every(({ guard, value }) => guard.kind === 'true' && value.type !== 'condition')
  );
}

/** When a key is the one of an entry: of a tuple all parts, some of which may be known. */
function sameKey(
  machine: Machine,
  { left, right, at }: { left: Settled; right: Value; at: string },
): Item['guard'] {
  const { formulas } = machine;
  if (left.type !== 'sequence') {
    return truth(machine, compare(machine, { left, operator: '==', right, at })).formula;
  }
  if (right.type !== 'sequence' || right.items.length !== left.items.length) {
    return formulas.or([]);
  }
  return formulas.and(
    left.items.map(({ value }, index) => {
      const part = right.items[index]?.value ?? never;
      return truth(machine, compare(machine, { left: value, operator: '==', right: part, at })).formula;
    }),
  );
}

/** An entry that is there only under conditions: elsewhere it is missing. */
export function withMissing(machine: Machine, value: Value, missing: Value | null): Value {
  const resolved = machine.resolve(value);
  if (resolved.type === 'never') {
    return missing ?? never;
  }
  if (resolved.type !== 'either' || missing === null) {
    return resolved;
  }
  const met = withMissing(machine, resolved.met, missing);
  const otherwise = withMissing(machine, resolved.otherwise, missing);
  return machine.either(resolved.condition, met, otherwise);
}
