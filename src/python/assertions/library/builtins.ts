import { builtin, classNames, getAttribute, linearised, setAttribute } from '../interpreter/attributes.ts';
import { callUnknown, loseAll } from '../interpreter/calls.ts';
import { createDictionary, createSequence, elementsOf, setEntry } from '../interpreter/containers.ts';
import { negated } from '../interpreter/evaluate.ts';
import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import {
  enumerated,
  filtered,
  first,
  mapped,
  quantified,
  rangeOf,
  sorted,
  zipped,
} from './iteration-builtins.ts';
import { extreme, rounded, summed, toNumber } from './number-builtins.ts';
import { nameOf, notEmpty, truth } from '../interpreter/operators.ts';
import { booleanValue, never, none, plainNumber, type BuiltinValue, type Value } from '../state/values.ts';

export type Builtin = (machine: Machine, call: CallArguments, self: BuiltinValue) => Value;

/** Functions of Python itself. */
export const builtins: Readonly<Record<string, Builtin>> = {
  abs: (machine, call) => toNumber(machine, 'abs', call),
  round: rounded,
  float: (machine, call) => toNumber(machine, 'float', call),
  int: (machine, call) => toNumber(machine, 'trunc', call),
  min: (machine, call) => extreme(machine, 'min', call),
  max: (machine, call) => extreme(machine, 'max', call),
  sum: summed,
  bool: (machine, call) => booleanOf(machine, call),
  all: (machine, call) => quantified(machine, call, 'all'),
  any: (machine, call) => quantified(machine, call, 'any'),
  len: (machine, call) => machine.map(call.values[0] ?? never, (value) => lengthOf(machine, value, call)),
  list: (machine, call) => collected(machine, call, 'list'),
  tuple: (machine, call) => collected(machine, call, 'tuple'),
  set: (machine, call) => collected(machine, call, 'set'),
  frozenset: (machine, call) => collected(machine, call, 'set'),
  iter: (machine, call) => collected(machine, call, 'list'),
  sorted: (machine, call) => sorted(machine, call),
  reversed: (machine, call) => {
    const list = collected(machine, call, 'list');
    return list.type === 'sequence' ? createSequence(machine, 'list', list.items.toReversed()) : list;
  },
  dict: (machine, call) => dictionaryOf(machine, call),
  range: (machine, call) => rangeOf(machine, call),
  enumerate: (machine, call) => enumerated(machine, call),
  zip: (machine, call) => zipped(machine, call),
  map: (machine, call) => mapped(machine, call),
  filter: (machine, call) => filtered(machine, call),
  next: (machine, call) => first(machine, call),
  isinstance: (machine, call) => isInstance(machine, call),
  callable: (machine, call) => machine.unknown({ name: 'callable()', at: call.at }),
  getattr: (machine, call) => attributeNamed(machine, call),
  hasattr: (machine, call) => machine.unknown({ name: 'hasattr()', at: call.at }),
  setattr: (machine, call) => setNamed(machine, call),
  super: (machine, call) => superOf(machine, call),
  print: () => none,
  repr: (machine, call) => text(machine, call),
  str: (machine, call) => text(machine, call),
  format: (machine, call) => text(machine, call),
  type: (machine, call) => typeOf(machine, call),
  exec: (machine, call) => unsafe(machine, call, 'exec'),
  eval: (machine, call) => unsafe(machine, call, 'eval'),
  globals: (machine, call) => unsafe(machine, call, 'globals'),
  vars: (machine, call) => unsafe(machine, call, 'vars'),
  locals: (machine, call) => machine.unknown({ name: 'locals()', at: call.at }),
};

function booleanOf(machine: Machine, call: CallArguments): Value {
  return negated(machine, truth(machine, negated(machine, truth(machine, call.values[0] ?? never))));
}

function lengthOf(machine: Machine, value: Value, call: CallArguments): Value {
  if (value.type === 'sequence' && value.lost === null) {
    if (value.items.every(({ guard }) => guard.kind === 'true')) {
      return plainNumber(value.items.length);
    }
    const count = machine.unknown({ name: 'len()', at: call.at, kind: 'count' });
    machine.counts.set(count.id, notEmpty(machine, value));
    return count;
  }
  if (value.type === 'dictionary' && value.lost === null) {
    return plainNumber(value.entries.size);
  }
  if (value.type === 'string') {
    return plainNumber(value.value.length);
  }
  return machine.named(`len ${value.type === 'unknown' ? value.id : call.at}`, {
    name: `len(${nameOf(value)})`,
    at: call.at,
    kind: 'count',
  });
}

function collected(machine: Machine, call: CallArguments, form: 'list' | 'tuple' | 'set'): Value {
  const [value] = call.values;
  const resolved = value === undefined ? undefined : machine.resolve(value);
  if (resolved?.type === 'unknown') {
    return resolved;
  }
  return createSequence(machine, form, resolved === undefined ? [] : elementsOf(machine, resolved, call.at));
}

function dictionaryOf(machine: Machine, call: CallArguments): Value {
  const made = createDictionary(machine);
  const source = call.values[0] === undefined ? undefined : machine.resolve(call.values[0]);
  if (source?.type === 'dictionary' && source.lost === null) {
    for (const { key, value } of source.entries.values()) {
      setEntry(machine, made, { key, value, at: call.at });
    }
  } else if (source?.type === 'sequence') {
    for (const item of elementsOf(machine, source, call.at)) {
      const pair = machine.resolve(item.value);
      const [key, value] = pair.type === 'sequence' ? pair.items : [];
      if (key === undefined || value === undefined) {
        made.lost ??= `it is made from pairs that are not known, at ${call.at}`;
      } else {
        machine.under(item.guard, () =>
          setEntry(machine, made, { key: key.value, value: value.value, at: call.at }),
        );
      }
    }
  } else if (source !== undefined) {
    return source.type === 'unknown' ? source : callUnknown(machine, builtin('dict'), call);
  }
  for (const [name, value] of call.named) {
    setEntry(machine, made, { key: { type: 'string', value: name, origin: null }, value, at: call.at });
  }
  return made;
}

const typeNames: Readonly<Record<string, readonly Value['type'][]>> = {
  dict: ['dictionary'],
  Mapping: ['dictionary'],
  list: ['sequence'],
  tuple: ['sequence'],
  set: ['sequence'],
  str: ['string'],
  int: ['number', 'boolean', 'condition'],
  float: ['number'],
  bool: ['boolean', 'condition'],
};

function isInstance(machine: Machine, call: CallArguments): Value {
  const [subject = never, type = never] = call.values;
  return machine.map(subject, (value) => {
    if (value.type === 'unknown') {
      const text = `is an instance of ${nameOf(machine.resolve(type))}`;
      return machine.condition(machine.formulas.atom({ kind: 'fact', text, value }));
    }
    const wanted = machine.resolve(type);
    const types = wanted.type === 'sequence' ? wanted.items.map((item) => item.value) : [wanted];
    return booleanValue(types.some((one) => hasType(machine, value, machine.resolve(one))));
  });
}

function hasType(machine: Machine, value: Value, type: Value): boolean {
  if (value.type === 'instance') {
    return type.type === 'class' && linearised(machine, value.class).includes(type);
  }
  const name = classNames(machine, type)[0] ?? '';
  if (value.type === 'number') {
    return name === 'Number' || name === 'Real' || name === (value.isInteger ? 'int' : 'float');
  }
  if (value.type === 'sequence') {
    return name === value.form || name === 'Sequence' || name === 'Iterable';
  }
  return typeNames[name]?.includes(value.type) ?? false;
}

function attributeNamed(machine: Machine, call: CallArguments): Value {
  const [object = never, name] = call.values;
  const resolved = name === undefined ? never : machine.resolve(name);
  return resolved.type === 'string'
    ? getAttribute(machine, object, resolved.value, call)
    : machine.unknown({
        name: 'getattr()',
        at: call.at,
        reason: 'getattr with a name that only a run knows',
      });
}

function setNamed(machine: Machine, call: CallArguments): Value {
  const [object = never, name, value = never] = call.values;
  const resolved = name === undefined ? never : machine.resolve(name);
  const target = machine.resolve(object);
  if (resolved.type === 'string') {
    setAttribute(machine, object, { name: resolved.value, value, at: call.at });
  } else if (target.type === 'module') {
    target.module.scope.lost ??= `setattr at ${call.at} changes a name that only a run knows`;
  } else if (target.type === 'unknown' && call.frame !== null) {
    call.frame.module.scope.lost ??= `setattr at ${call.at} may change it`;
  } else if (target.type === 'instance') {
    target.lost ??= `setattr at ${call.at} changes an attribute that only a run knows`;
  }
  return none;
}

function superOf(machine: Machine, call: CallArguments): Value {
  const owner = call.frame?.owner ?? null;
  if (owner === null) {
    return machine.unknown({ name: 'super()', at: call.at });
  }
  const self = machine.resolve(owner.self);
  const start = self.type === 'instance' ? self.class : self.type === 'class' ? self : owner.class;
  const chain = linearised(machine, start);
  const rest = chain.slice(chain.indexOf(owner.class) + 1);
  return { type: 'builtin', name: 'super', self, bound: { values: rest, named: new Map() } };
}

function text(machine: Machine, call: CallArguments): Value {
  const value = call.values[0] === undefined ? never : machine.resolve(call.values[0]);
  if (value.type === 'string') {
    return value;
  }
  return value.type === 'number' && value.isInteger
    ? { type: 'string', value: String(value.value), origin: null }
    : machine.unknown({ name: 'str()', at: call.at, kind: 'parameter' });
}

function typeOf(machine: Machine, call: CallArguments): Value {
  const value = machine.resolve(call.values[0] ?? never);
  return value.type === 'instance' ? value.class : machine.unknown({ name: 'type()', at: call.at });
}

/** Code that is made at run time may change whatever this module knows. */
function unsafe(machine: Machine, call: CallArguments, name: string): Value {
  const scope = call.frame?.module.scope;
  const reason = `${name}() at ${call.at} may change anything in this module`;
  if (scope !== undefined) {
    scope.lost ??= reason;
  }
  machine.note(reason, call.at);
  loseAll(machine, call.values, reason);
  return machine.unknown({ name: `${name}()`, at: call.at, kind: 'lost', reason });
}
