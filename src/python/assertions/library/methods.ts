import { builtin } from '../interpreter/attributes.ts';
import { callUnknown } from '../interpreter/calls.ts';
import { keyText } from '../state/key-text.ts';
import {
  createDictionary,
  createSequence,
  elementsOf,
  entryOf,
  setEntry,
} from '../interpreter/containers.ts';
import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { nameOf } from '../interpreter/operators.ts';
import {
  booleanValue,
  never,
  none,
  stringValue,
  type BuiltinValue,
  type DictionaryValue,
  type SequenceValue,
  type Value,
} from '../state/values.ts';

/** A method of a list, a table, a string, a measured value; null for one that is not known here. */
export function callMethod(machine: Machine, method: BuiltinValue, call: CallArguments): Value | null {
  const self = method.self === null ? null : machine.resolve(method.self);
  const name = method.name.slice(method.name.indexOf('.') + 1);
  switch (self?.type) {
    case 'sequence':
      return listMethod(machine, self, { name, call });
    case 'dictionary':
      return tableMethod(machine, self, { name, call });
    case 'string':
      return stringMethod(machine, self.value, { name, call });
    case 'condition':
    case 'boolean':
      // A comparison of arrays: `(errors < limit).all()`.
      return ['all', 'any', 'item', 'tolist', 'cpu', 'numpy'].includes(name) ? self : null;
    case 'unknown':
      return measuredMethod(machine, method, { name, call });
    default:
      return null;
  }
}

interface Called {
  name: string;
  call: CallArguments;
}

function listMethod(machine: Machine, self: SequenceValue, { name, call }: Called): Value | null {
  const [first = never] = call.values;
  switch (name) {
    case 'append':
    case 'add':
      self.items.push({ value: first, guard: machine.guardSince(self.birth) });
      return none;
    case 'extend':
    case 'update': {
      const guard = machine.guardSince(self.birth);
      const items = elementsOf(machine, first, call.at);
      self.items.push(
        ...items.map((item) => ({ ...item, guard: machine.formulas.and([guard, item.guard], true) })),
      );
      return none;
    }
    case 'copy':
      return createSequence(machine, self.form, [...self.items]);
    case 'clear':
    case 'pop':
    case 'remove':
    case 'insert':
    case 'sort':
    case 'reverse':
      self.lost ??= `.${name}() at ${call.at} changes it`;
      return machine.unknown({ name: `.${name}()`, at: call.at });
    default:
      return machine.unknown({ name: `${self.form}.${name}()`, at: call.at });
  }
}

function tableMethod(machine: Machine, self: DictionaryValue, { name, call }: Called): Value | null {
  const [key = never, fallback = none] = call.values;
  switch (name) {
    case 'get':
      return machine.map(key, (settled) =>
        entryOf(machine, self, { key: settled, at: call.at, missing: fallback }),
      );
    case 'keys':
      return createSequence(machine, 'list', elementsOf(machine, self, call.at));
    case 'values':
    case 'items':
      return entriesOf(machine, self, { name, at: call.at });
    case 'copy': {
      const copy = createDictionary(machine);
      copy.entries = new Map(self.entries);
      copy.lost = self.lost;
      return copy;
    }
    case 'setdefault': {
      const text = keyText(machine.resolve(key));
      if (text !== null && !self.entries.has(text)) {
        setEntry(machine, self, { key, value: fallback, at: call.at });
      }
      return machine.map(key, (settled) =>
        entryOf(machine, self, { key: settled, at: call.at, missing: fallback }),
      );
    }
    case 'update':
      return updated(machine, self, call);
    case 'pop':
    case 'clear':
    case 'popitem':
      self.lost ??= `.${name}() at ${call.at} changes it`;
      return machine.unknown({ name: `.${name}()`, at: call.at });
    default:
      return callUnknown(machine, builtin(`dict.${name}`), call);
  }
}

function entriesOf(
  machine: Machine,
  self: DictionaryValue,
  { name, at }: { name: 'values' | 'items'; at: string },
): Value {
  if (self.lost !== null) {
    return machine.unknown({ name: `.${name}()`, at, kind: 'lost', reason: self.lost });
  }
  const keys = elementsOf(machine, self, at);
  const always = machine.formulas.and([]);
  return createSequence(
    machine,
    'list',
    keys.map(({ value: key, guard }) => {
      const value = machine.under(guard, () =>
        machine.resolve(self.entries.get(keyText(key) ?? '')?.value ?? never),
      );
      const pair = [key, value].map((part) => ({ value: part, guard: always }));
      return { value: name === 'values' ? value : createSequence(machine, 'tuple', pair), guard };
    }),
  );
}

function updated(machine: Machine, self: DictionaryValue, call: CallArguments): Value {
  const other = call.values[0] === undefined ? null : machine.resolve(call.values[0]);
  if (other?.type === 'dictionary' && other.lost === null) {
    for (const { key, value } of other.entries.values()) {
      setEntry(machine, self, { key, value, at: call.at });
    }
  } else if (other !== null) {
    self.lost ??= `.update() at ${call.at} takes in a table that is not known`;
  }
  for (const [name, value] of call.named) {
    setEntry(machine, self, { key: stringValue(name), value, at: call.at });
  }
  return none;
}

function stringMethod(machine: Machine, self: string, { name, call }: Called): Value {
  const [first] = call.values;
  const argument = first === undefined ? undefined : machine.resolve(first);
  if (argument === undefined) {
    switch (name) {
      case 'lower':
        return stringValue(self.toLowerCase());
      case 'upper':
        return stringValue(self.toUpperCase());
      case 'strip':
        return stringValue(self.trim());
      default:
        break;
    }
  } else if (argument.type === 'string') {
    switch (name) {
      case 'startswith':
        return booleanValue(self.startsWith(argument.value));
      case 'endswith':
        return booleanValue(self.endsWith(argument.value));
      case 'split': {
        const guard = machine.formulas.and([]);
        const parts = argument.value === '' ? [self] : self.split(argument.value);
        return createSequence(
          machine,
          'list',
          parts.slice(0, 500).map((part) => ({ value: stringValue(part), guard })),
        );
      }
      case 'removesuffix':
        return stringValue(
          self.endsWith(argument.value) ? self.slice(0, self.length - argument.value.length) : self,
        );
      case 'removeprefix':
        return stringValue(self.startsWith(argument.value) ? self.slice(argument.value.length) : self);
      default:
        break;
    }
  }
  return machine.unknown({ name: `str.${name}()`, at: call.at, kind: 'parameter' });
}

/** `results.get("wer")`, `errors.all()`. */
function measuredMethod(machine: Machine, method: BuiltinValue, { name, call }: Called): Value | null {
  const self = method.self === null ? never : machine.resolve(method.self);
  if (self.type !== 'unknown') {
    return null;
  }
  if (name === 'get' || name === 'setdefault') {
    return machine.map(call.values[0] ?? never, (key) => {
      return key.type === 'string' || key.type === 'number'
        ? machine.member(self, String(key.value).slice(0, 100))
        : machine.unknown({ name: `${nameOf(self)}.get()`.slice(0, 200), at: call.at });
    });
  }
  return name === 'item' ? self : machine.member(self, `${name}()`);
}
