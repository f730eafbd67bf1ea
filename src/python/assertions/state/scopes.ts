import { literalKey, literalsOf } from '../../../domain/gates/rule.ts';
import type { Machine } from './machine.ts';
import { never, type ModuleState, type NumberValue, type Scope, type Value } from './values.ts';

/** A new scope for what starts here. */
export function createScope(machine: Machine, scope: Pick<Scope, 'parent' | 'module'>): Scope {
  const outer = new Set<string>();
  return { ...scope, variables: new Map(), outer, isClass: false, birth: machine.path.current, lost: null };
}

/**
 * What a name stands for; null when no scope of the repository binds it.
 *
 * @param at for what cannot be told
 */
export function lookUp(machine: Machine, scope: Scope, name: string, at: string): Value | null {
  for (let current: Scope | null = scope; current !== null; current = current.parent) {
    const value = current.outer.has(name) ? undefined : current.variables.get(name);
    if (value !== undefined) {
      return current.lost === null
        ? value
        : machine.unknown({ name, at, kind: 'lost', reason: current.lost, swallowed: onlyNumber(value) });
    }
  }
  const { starred, scope: moduleScope } = scope.module;
  const reason = starred ?? moduleScope.lost;
  return reason === null ? null : machine.unknown({ name, at, kind: 'lost', reason });
}

function onlyNumber(value: Value): NumberValue[] {
  return value.type === 'number' ? [value] : [];
}

/** Binds a name, where Python would bind it, under the conditions in force. */
export function bind(machine: Machine, scope: Scope, name: string, value: Value, at: string): void {
  const target = scope.outer.has(name) ? ownerOf(scope, name) : scope;
  const before = target.variables.get(name) ?? never;
  const isModule = target === target.module.scope;
  const written = isModule ? replacing(value, before, at) : value;
  target.variables.set(name, machine.guarded(target.birth, written, before));
}

function ownerOf(scope: Scope, name: string): Scope {
  for (let current = scope.parent; current !== null; current = current.parent) {
    if (current.variables.has(name) && !current.isClass) {
      return current;
    }
  }
  return scope.module.scope;
}

/**
 * A number that takes the place of another one without being computed from it: the rule remembers the other, so that its
 * literal can be called dead.
 */
export function replacing(value: Value, before: Value, at: string): Value {
  if (value.type !== 'number' || before.type !== 'number' || before.rule.kind === 'number') {
    return value;
  }
  if (value.rule === before.rule) {
    return value;
  }
  const kept = new Set(literalsOf(value.rule).map(literalKey));
  const isDerived = literalsOf(before.rule).some((literal) => kept.has(literalKey(literal)));
  return isDerived
    ? value
    : {
        ...value,
        rule: { kind: 'override', at, taken: value.rule, replaced: before.rule },
        size: value.size + 1,
      };
}

/** `file:line` of something in a module. */
export function placeAt(module: Pick<ModuleState, 'path'>, line: number): string {
  return `${module.path}:${line}`;
}
