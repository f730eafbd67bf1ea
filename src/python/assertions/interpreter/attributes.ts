import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { nameOf } from './operators.ts';
import { replacing } from '../state/scopes.ts';
import {
  never,
  type BuiltinValue,
  type ClassValue,
  type EitherValue,
  type LazyValue,
  type InstanceValue,
  type ModuleState,
  type Value,
} from '../state/values.ts';

type Settled = Exclude<Value, EitherValue | LazyValue>;

/** Methods of measured values whose answer is as good as the value. */
const transparentMethods = new Set(['get', 'all', 'any', 'item', 'setdefault']);

/** `object.name`. */
export function getAttribute(machine: Machine, object: Value, name: string, call: CallArguments): Value {
  return machine.map(object, (settled) => attributeOf(machine, settled, name, call));
}

function attributeOf(machine: Machine, object: Settled, name: string, call: CallArguments): Value {
  machine.step();
  switch (object.type) {
    case 'never':
      return never;
    case 'unknown': {
      const parameter = name === 'param' ? machine.parameters.get(object.id) : undefined;
      if (parameter !== undefined) {
        return parameter;
      }
      return transparentMethods.has(name) ? builtin(`unknown.${name}`, object) : machine.member(object, name);
    }
    case 'module':
      return moduleAttribute(machine, object.module, name, call.at);
    case 'external':
      return { type: 'external', name: `${object.name}.${name}`.slice(0, 200) };
    case 'instance':
      return instanceAttribute(machine, object, name, call);
    case 'class':
      return classAttribute(machine, object, name);
    case 'sequence': {
      const index = object.fields?.indexOf(name) ?? -1;
      return index >= 0 ? (object.items[index]?.value ?? never) : builtin(`${object.form}.${name}`, object);
    }
    case 'dictionary':
      return builtin(`dict.${name}`, object);
    case 'string':
      return builtin(`str.${name}`, object);
    case 'condition':
    case 'boolean':
      return builtin(`condition.${name}`, object);
    case 'builtin':
      return object.name === 'super'
        ? superAttribute(machine, object, name)
        : machine.unknown({ name: `${object.name}.${name}`, at: call.at });
    case 'bound':
    case 'function':
      return machine.unknown({ name: `${nameOf(object)}.${name}`, at: call.at });
    default:
      return machine.unknown({ name: `${nameOf(object)}.${name}`, at: call.at });
  }
}

function moduleAttribute(machine: Machine, module: ModuleState, name: string, at: string): Value {
  machine.rules.runModule(module);
  const value = module.scope.variables.get(name);
  const inner = value === undefined ? machine.rules.importModule(`${module.name}.${name}`, at) : null;
  if (value === undefined && inner !== null) {
    return { type: 'module', module: inner };
  }
  const reason = module.scope.lost ?? module.starred ?? `${module.path} does not define ${name}`;
  return value !== undefined && module.scope.lost === null
    ? machine.resolve(value)
    : machine.unknown({ name: `${module.name}.${name}`, at, kind: 'lost', reason });
}

export function builtin(name: string, self: Value | null = null): BuiltinValue {
  return { type: 'builtin', name, self, bound: null };
}

function instanceAttribute(
  machine: Machine,
  object: InstanceValue,
  name: string,
  call: CallArguments,
): Value {
  if (object.lost !== null) {
    return machine.unknown({ name, at: call.at, kind: 'lost', reason: object.lost });
  }
  const own = object.attributes.get(name);
  if (own !== undefined) {
    return machine.resolve(own);
  }
  if (name === '__class__') {
    return object.class;
  }
  const found = findInClass(machine, object.class, name);
  if (found !== null) {
    return boundTo(machine, object, machine.resolve(found), call);
  }
  return externalMember(machine, object.class, { name, self: object, at: call.at });
}

function boundTo(machine: Machine, self: Value, value: Value, call: CallArguments): Value {
  if (value.type !== 'function') {
    return value;
  }
  switch (value.role) {
    case 'property':
      return machine.rules.call(value, { ...call, values: [self], named: new Map() });
    case 'static':
      return value;
    case 'class':
      return { type: 'bound', self: self.type === 'instance' ? self.class : self, target: value };
    default:
      return { type: 'bound', self, target: value };
  }
}

/** What a class of somebody else's framework would answer: unittest's assertions are known, the rest is unknown. */
function externalMember(
  machine: Machine,
  owner: ClassValue,
  { name, self, at }: { name: string; self: Value; at: string },
): Value {
  const outside = linearised(machine, owner).some((base) => base.type !== 'class');
  if (outside && /^(?:assert[A-Z]|fail$|subTest$|skipTest$)/.test(name)) {
    return builtin(`unittest.${name}`, self);
  }
  const reason = outside ? null : `${owner.name} has no attribute ${name}`;
  return machine.named(`${owner.name}.${name} ${owner.module.path}`, {
    name: `${owner.name}.${name}`,
    at,
    reason,
  });
}

function classAttribute(machine: Machine, object: ClassValue, name: string): Value {
  const found = findInClass(machine, object, name);
  if (found === null) {
    return externalMember(machine, object, { name, self: object, at: object.module.path });
  }
  const value = machine.resolve(found);
  if (object.form === 'enum' && value.type !== 'function') {
    return enumMember(machine, object, name, value);
  }
  return value.type === 'function' && value.role === 'class'
    ? { type: 'bound', self: object, target: value }
    : value;
}

function enumMember(machine: Machine, owner: ClassValue, name: string, value: Value): Value {
  const attributes = new Map<string, Value>([
    ['value', value],
    ['name', { type: 'string', value: name, origin: null }],
  ]);
  const member: InstanceValue = {
    type: 'instance',
    class: owner,
    attributes,
    birth: machine.path.current,
    lost: null,
  };
  owner.scope.variables.set(name, member);
  return member;
}

/** Sets `object.name`, under the conditions in force. */
export function setAttribute(
  machine: Machine,
  object: Value,
  { name, value, at }: { name: string; value: Value; at: string },
): void {
  const resolved = machine.resolve(object);
  if (resolved.type === 'either') {
    machine.under(resolved.condition, () => setAttribute(machine, resolved.met, { name, value, at }));
    machine.under(machine.formulas.not(resolved.condition), () =>
      setAttribute(machine, resolved.otherwise, { name, value, at }),
    );
    return;
  }
  if (resolved.type === 'instance') {
    const before = resolved.attributes.get(name) ?? never;
    const written = replacing(value, before, at);
    resolved.attributes.set(name, machine.guarded(resolved.birth, written, before));
  } else if (resolved.type === 'class' || resolved.type === 'module') {
    const scope = resolved.type === 'class' ? resolved.scope : resolved.module.scope;
    const before = scope.variables.get(name) ?? never;
    scope.variables.set(name, machine.guarded(scope.birth, replacing(value, before, at), before));
  }
}

/** The value that a class or the first of its bases has; null when none of the repository's has it. */
export function findInClass(machine: Machine, owner: ClassValue, name: string): Value | null {
  for (const base of linearised(machine, owner)) {
    const value = base.type === 'class' ? base.scope.variables.get(name) : undefined;
    if (value !== undefined) {
      return value;
    }
  }
  return null;
}

/**
 * The class and its bases in the order in which Python asks them. Simplified: depth first, each class at its last
 * occurrence, which is Python's order wherever bases are not crossed.
 */
export function linearised(machine: Machine, owner: ClassValue): Value[] {
  const found: Value[] = [];
  const visit = (value: Value, depth: number): void => {
    machine.step();
    if (depth > 20) {
      return;
    }
    const earlier = found.indexOf(value);
    if (earlier >= 0) {
      found.splice(earlier, 1);
    }
    found.push(value);
    if (value.type === 'class') {
      for (const base of value.bases) {
        visit(machine.resolve(base), depth + 1);
      }
    }
  };
  visit(owner, 0);
  return found;
}

/** Names of a class and of its bases, for `except` and `isinstance`. */
export function classNames(machine: Machine, value: Value): string[] {
  const resolved = machine.resolve(value);
  const chain = resolved.type === 'class' ? linearised(machine, resolved) : [resolved];
  return chain.map((base) => nameOf(base).split('.').at(-1) ?? '');
}

/** An attribute that `super()` finds: in the bases after the class of the method. */
function superAttribute(machine: Machine, value: BuiltinValue, name: string): Value {
  for (const base of value.bound?.values ?? []) {
    const found = base.type === 'class' ? base.scope.variables.get(name) : undefined;
    if (found !== undefined && value.self !== null) {
      const method = machine.resolve(found);
      return method.type === 'function' && method.role !== 'static'
        ? { type: 'bound', self: value.self, target: method }
        : method;
    }
  }
  return builtin('object.method', value.self);
}
