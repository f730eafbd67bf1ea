import { classNames, findInClass, linearised } from './attributes.ts';
import { callUnknown } from './calls.ts';
import type { CallArguments, Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { createScope } from '../state/scopes.ts';
import type { ClassSyntax } from '../syntax/syntax.ts';
import {
  never,
  type ClassValue,
  type InstanceValue,
  type SequenceValue,
  type Value,
} from '../state/values.ts';

/** Runs a `class` statement. */
export function defineClass(machine: Machine, definition: ClassSyntax, frame: Frame): ClassValue {
  const scope = createScope(machine, { parent: frame.scope, module: frame.module });
  scope.isClass = true;
  const bases = definition.bases
    .filter(({ name, star }) => name === null && star === '')
    .map(({ value }) => machine.rules.evaluate(value, frame));
  const { module } = frame;
  const owner: ClassValue = {
    type: 'class',
    name: definition.name,
    bases,
    scope,
    definition,
    form: 'plain',
    fields: [],
    module,
  };
  machine.rules.execute(definition.body(), { ...frame, scope, returns: [], owner: null });
  for (const value of scope.variables.values()) {
    if (value.type === 'function' && value.owner === null) {
      value.owner = owner;
    }
  }
  owner.form = formOf(machine, owner, frame);
  if (owner.form === 'dataclass' || owner.form === 'namedtuple') {
    owner.fields = fieldsOf(machine, owner);
  }
  return owner;
}

function formOf(machine: Machine, owner: ClassValue, frame: Frame): ClassValue['form'] {
  const names = new Set(linearised(machine, owner).flatMap((base) => classNames(machine, base)));
  if (names.has('NamedTuple')) {
    return 'namedtuple';
  }
  if (names.has('Enum') || names.has('IntEnum') || names.has('StrEnum')) {
    return 'enum';
  }
  const decorators = (owner.definition?.decorators ?? []).map((decorator) => {
    const callee = decorator.kind === 'call' ? decorator.callee : decorator;
    const value = machine.rules.evaluate(callee, frame);
    return value.type === 'external' ? value.name : '';
  });
  const isData = decorators.some((name) => /(?:^|\.)(?:dataclass|attrs|define|frozen|s)$/.test(name));
  const inherited = owner.bases.some((base) => {
    const resolved = machine.resolve(base);
    return resolved.type === 'class' && resolved.form === 'dataclass';
  });
  // A subclass without the decorator has the constructor of its base.
  return isData || inherited ? 'dataclass' : 'plain';
}

/** Annotated names in the order of the bases, then of the class itself. */
function fieldsOf(machine: Machine, owner: ClassValue): ClassValue['fields'] {
  const fields = new Map<string, ClassValue['fields'][number]>();
  for (const base of owner.bases) {
    const resolved = machine.resolve(base);
    for (const field of resolved.type === 'class' ? resolved.fields : []) {
      fields.set(field.name, field);
    }
  }
  for (const statement of owner.definition?.body() ?? []) {
    const [target] = statement.kind === 'assign' ? statement.targets : [];
    if (statement.kind !== 'assign' || statement.annotation === null || target?.kind !== 'name') {
      continue;
    }
    if (!/ClassVar/.test(statement.annotation)) {
      const value = owner.scope.variables.get(target.name) ?? null;
      fields.set(target.name, fieldOf(target.name, value));
    }
  }
  return [...fields.values()];
}

function fieldOf(name: string, value: Value | null): ClassValue['fields'][number] {
  if (value?.type !== 'builtin' || value.name !== 'dataclasses.field') {
    return { name, default: value, factory: null };
  }
  const named = value.bound?.named;
  return { name, default: named?.get('default') ?? null, factory: named?.get('default_factory') ?? null };
}

/** `Class(…)`. */
export function instantiate(machine: Machine, owner: ClassValue, call: CallArguments): Value {
  if (owner.form === 'namedtuple') {
    return namedTuple(machine, owner, call);
  }
  if (owner.form === 'enum') {
    return callUnknown(machine, owner, call);
  }
  const instance: InstanceValue = {
    type: 'instance',
    class: owner,
    attributes: new Map(),
    birth: machine.path.current,
    lost: null,
  };
  const constructor = findInClass(machine, owner, '__init__');
  if (constructor !== null) {
    machine.rules.call(constructor, { ...call, values: [instance, ...call.values] });
    return instance;
  }
  const fields = owner.form === 'dataclass' ? fieldValues(machine, owner, call) : new Map<string, Value>();
  for (const [name, value] of fields) {
    instance.attributes.set(name, value);
  }
  const later = findInClass(machine, owner, '__post_init__');
  if (later !== null) {
    machine.rules.call(later, { ...call, values: [instance], named: new Map() });
  }
  return instance;
}

function fieldValues(machine: Machine, owner: ClassValue, call: CallArguments): Map<string, Value> {
  const positional = [...call.values];
  return new Map(
    owner.fields.map((field) => {
      const given = call.named.get(field.name) ?? positional.shift();
      if (given !== undefined) {
        return [field.name, given];
      }
      if (field.factory !== null) {
        return [field.name, machine.rules.call(field.factory, { ...call, values: [], named: new Map() })];
      }
      return [field.name, field.default ?? never];
    }),
  );
}

function namedTuple(machine: Machine, owner: ClassValue, call: CallArguments): SequenceValue {
  const values = fieldValues(machine, owner, call);
  return {
    type: 'sequence',
    form: 'tuple',
    items: [...values.values()].map((value) => ({ value, guard: machine.formulas.and([]) })),
    fields: [...values.keys()],
    birth: machine.path.current,
    lost: null,
  };
}

/** A class made by a call (`namedtuple("Row", "a b")`, `SimpleNamespace`): no code, only fields. */
export function syntheticClass(
  machine: Machine,
  { name, form, fields, frame }: Pick<ClassValue, 'name' | 'form' | 'fields'> & { frame: Frame },
): ClassValue {
  const scope = createScope(machine, { parent: null, module: frame.module });
  return { type: 'class', name, bases: [], scope, definition: null, form, fields, module: frame.module };
}
