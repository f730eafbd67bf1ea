import { keyText } from '../state/key-text.ts';
import type { Machine } from '../state/machine.ts';
import { nameOf } from './operators.ts';
import { isWholeTuple, selectedElement, selectedEntry, withMissing } from './selected-rows.ts';
import { replacing } from '../state/scopes.ts';
import {
  never,
  stringValue,
  type DictionaryValue,
  type EitherValue,
  type LazyValue,
  type Item,
  type SequenceValue,
  type UnknownValue,
  type Value,
} from '../state/values.ts';

type Settled = Exclude<Value, EitherValue | LazyValue>;

export function createSequence(machine: Machine, form: SequenceValue['form'], items: Item[]): SequenceValue {
  machine.step(items.length);
  return { type: 'sequence', form, items, fields: null, birth: machine.path.current, lost: null };
}

export function createDictionary(machine: Machine): DictionaryValue {
  return { type: 'dictionary', entries: new Map(), factory: null, birth: machine.path.current, lost: null };
}

/** Puts an entry into a dictionary, under the conditions in force. */
export function setEntry(
  machine: Machine,
  dictionary: DictionaryValue,
  { key, value, at }: { key: Value; value: Value; at: string },
): void {
  const resolved = machine.resolve(key);
  const text = keyText(resolved);
  if (text === null) {
    dictionary.lost ??= `a key that only a run knows is written at ${at}`;
    return;
  }
  const before = dictionary.entries.get(text)?.value ?? never;
  const written = replacing(value, machine.resolve(before), at);
  dictionary.entries.set(text, { key: resolved, value: machine.guarded(dictionary.birth, written, before) });
}

/** `object[index]`. */
export function getItem(machine: Machine, object: Value, index: Value, at: string): Value {
  return machine.map(object, (container) =>
    machine.map(index, (key) => itemOf(machine, { container, key, at })),
  );
}

interface Access {
  container: Settled;
  key: Settled;
  at: string;
}

function itemOf(machine: Machine, access: Access): Value {
  const { container, key, at } = access;
  machine.step();
  switch (container.type) {
    case 'never':
      return never;
    case 'unknown':
      return unknownItem(machine, container, key, at);
    case 'dictionary':
      return entryOf(machine, container, { key, at, missing: null });
    case 'sequence':
      return elementOf(machine, container, key, at);
    case 'external': {
      const own =
        container.name === 'sys.modules' && key.type === 'string'
          ? machine.rules.importModule(key.value, at)
          : null;
      if (own !== null) {
        return { type: 'module', module: own };
      }
      return container.name === 'os.environ'
        ? environmentValue(machine, { key, fallback: null, at })
        : machine.unknown({ name: `${container.name}[…]`, at });
    }
    case 'class':
      // `list[int]`, `Generic[T]`: a type is meant.
      return container;
    default:
      return machine.unknown({ name: `${nameOf(container)}[…]`, at });
  }
}

function unknownItem(machine: Machine, container: UnknownValue, key: Settled, at: string): Value {
  if (key.type === 'string') {
    return machine.member(container, key.value.slice(0, 100));
  }
  if (key.type === 'number') {
    return machine.member(container, `[${key.value}]`);
  }
  return machine.unknown({ name: `${nameOf(container)}[…]`.slice(0, 200), at });
}

/** The variable's value: unknown, but always the same, and with a default if the suite gives one. */
export function environmentValue(
  machine: Machine,
  { key, fallback, at }: { key: Value; fallback: Value | null; at: string },
): Value {
  const name = key.type === 'string' ? key.value.slice(0, 100) : '…';
  const set = machine.environment.get(name);
  if (set !== undefined) {
    return set;
  }
  const given = fallback?.type === 'string' ? fallback : null;
  const identity = `environment ${name} ${given?.value ?? ''}`;
  const value = machine.named(identity, {
    name: `environ[${JSON.stringify(name)}]`,
    kind: 'environment',
    at,
    fallback: given,
  });
  if (fallback !== null && given === null && fallback.type !== 'none') {
    const isSet = machine.formulas.atom({ kind: 'fact', text: 'is set', value });
    return machine.either(isSet, value, fallback);
  }
  return value;
}

/** @param access `missing` is what `.get` gives; null where Python raises */
export function entryOf(
  machine: Machine,
  dictionary: DictionaryValue,
  access: { key: Settled; at: string; missing: Value | null },
): Value {
  const { key, at, missing } = access;
  if (dictionary.lost !== null) {
    return machine.unknown({ name: 'an entry', at, kind: 'lost', reason: dictionary.lost });
  }
  const text = keyText(key);
  if (text === null) {
    return key.type === 'unknown' || isWholeTuple(key)
      ? selectedEntry(machine, dictionary, { key, at, missing })
      : machine.unknown({ name: 'an entry', at, kind: 'lost', reason: 'only a run knows its key' });
  }
  const found = dictionary.entries.get(text)?.value;
  return found === undefined ? absent(machine, dictionary, access) : withMissing(machine, found, missing);
}

function absent(
  machine: Machine,
  dictionary: DictionaryValue,
  { key, at, missing }: { key: Settled; at: string; missing: Value | null },
): Value {
  if (missing !== null) {
    return missing;
  }
  if (dictionary.factory !== null) {
    const made = machine.rules.call(dictionary.factory, { values: [], named: new Map(), at, frame: null });
    setEntry(machine, dictionary, { key, value: made, at });
    return made;
  }
  machine.raise(['KeyError', 'LookupError', 'Exception'], never, at);
  return never;
}

function elementOf(machine: Machine, sequence: SequenceValue, key: Settled, at: string): Value {
  if (sequence.lost !== null) {
    return machine.unknown({ name: 'an element', at, kind: 'lost', reason: sequence.lost });
  }
  if (sequence.form === 'set') {
    // Of measured values any is as good as the other; which of several literals it is cannot be told.
    const hasNumber = sequence.items.some(({ value }) => value.type !== 'unknown');
    const reason = hasNumber ? 'its order is not known' : null;
    return machine.unknown({ name: 'an element', at, kind: hasNumber ? 'lost' : 'measured', reason });
  }
  const isWhole = sequence.items.every(({ guard }) => guard.kind === 'true');
  if (key.type === 'number' && isWhole) {
    const index = key.value < 0 ? key.value + sequence.items.length : key.value;
    const item = sequence.items[index];
    if (item === undefined) {
      machine.raise(['IndexError', 'LookupError', 'Exception'], never, at);
      return never;
    }
    return machine.resolve(item.value);
  }
  if (key.type === 'unknown' && isWhole && sequence.items.length <= 200) {
    return selectedElement(machine, sequence, key);
  }
  const [only] = sequence.items;
  // Any element of a list that was made from unknown elements is like the one that stands for them.
  return only !== undefined && sequence.items.length === 1
    ? machine.resolve(only.value)
    : machine.unknown({ name: 'an element', at });
}

/** The elements that `for` would meet. A value that only a run knows has one element that stands for all. */
export function elementsOf(machine: Machine, value: Value, at: string): Item[] {
  const resolved = machine.resolve(value);
  switch (resolved.type) {
    case 'sequence':
      if (resolved.lost !== null) {
        return elementsOf(
          machine,
          machine.unknown({ name: 'elements', at, kind: 'lost', reason: resolved.lost }),
          at,
        );
      }
      machine.step(resolved.items.length);
      return resolved.items.map(({ value: item, guard }) => ({ value: machine.resolve(item), guard }));
    case 'dictionary':
      return resolved.lost === null
        ? [...resolved.entries.values()].map((entry) => ({
            value: entry.key,
            guard: presentGuard(machine, entry.value),
          }))
        : elementsOf(machine, machine.unknown({ name: 'keys', at, kind: 'lost', reason: resolved.lost }), at);
    case 'string':
      return Array.from(resolved.value.slice(0, 500), (letter) => ({
        value: stringValue(letter),
        guard: machine.formulas.and([]),
      }));
    case 'either':
      return [
        ...guardedElements(machine, { condition: resolved.condition, value: resolved.met, at }),
        ...guardedElements(machine, {
          condition: machine.formulas.not(resolved.condition),
          value: resolved.otherwise,
          at,
        }),
      ];
    case 'never':
    case 'none':
      return [];
    default:
      return [genericElement(machine, resolved, at)];
  }
}

function guardedElements(
  machine: Machine,
  { condition, value, at }: { condition: Item['guard']; value: Value; at: string },
): Item[] {
  return machine.under(condition, () =>
    elementsOf(machine, value, at).map((item) => ({
      ...item,
      guard: machine.formulas.and([condition, item.guard], true),
    })),
  );
}

function presentGuard(machine: Machine, value: Value): Item['guard'] {
  const { formulas } = machine;
  const resolved = machine.resolve(value);
  if (resolved.type !== 'either') {
    return resolved.type === 'never' ? formulas.or([]) : formulas.and([]);
  }
  return machine.choose(
    resolved.condition,
    presentGuard(machine, resolved.met),
    presentGuard(machine, resolved.otherwise),
  );
}

function genericElement(machine: Machine, value: Settled, at: string): Item {
  const identity = value.type === 'unknown' ? `element ${value.id}` : `element ${nameOf(value)} ${at}`;
  const root = { name: `${nameOf(value)}[*]`.slice(0, 200), kind: 'item' as const, at };
  const element = machine.named(identity, root);
  const guard = machine.formulas.atom({ kind: 'exists', root: element.root.id, name: element.root.name });
  return { value: element, guard };
}
