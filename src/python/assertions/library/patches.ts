import { setAttribute } from '../interpreter/attributes.ts';
import { setEntry } from '../interpreter/containers.ts';
import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { never, none, type Scope, type Value } from '../state/values.ts';

/** `monkeypatch.…` and `mock.patch…`; null for other calls. */
export function callPatch(machine: Machine, name: string, call: CallArguments): Value | null {
  if (name.startsWith('monkeypatch.')) {
    return monkeypatch(machine, name.slice('monkeypatch.'.length), call);
  }
  const kind =
    /(?:^|\.)(?:mock|mocker)\.patch(?:\.(object|dict))?$/.exec(name) ??
    /^patch(?:\.(object|dict))?$/.exec(name);
  return kind === null ? null : mockPatch(machine, kind[1] ?? 'path', call);
}

/** The patch holds until the test ends. */
function monkeypatch(machine: Machine, method: string, call: CallArguments): Value {
  const values = call.values.map((value) => machine.resolve(value));
  switch (method) {
    case 'setattr': {
      const [target, second, third] = values;
      const dotted = target?.type === 'string' ? target.value : null;
      const place = dotted === null ? { target, name: second } : dottedTarget(machine, dotted, call.at);
      const value = dotted === null ? third : second;
      patchAttribute(machine, {
        target: place?.target,
        name: place?.name,
        value: value ?? never,
        at: call.at,
      });
      return none;
    }
    case 'setitem': {
      const [target, key = never, value = never] = values;
      if (target?.type === 'dictionary') {
        const before = new Map(target.entries);
        machine.later(() => {
          target.entries = before;
        });
        setEntry(machine, target, { key, value, at: call.at });
      }
      return none;
    }
    case 'setenv':
    case 'delenv': {
      const [variable, value] = values;
      if (variable?.type === 'string') {
        const before = machine.environment.get(variable.value);
        machine.later(() => {
          if (before === undefined) {
            machine.environment.delete(variable.value);
          } else {
            machine.environment.set(variable.value, before);
          }
        });
        const unset = machine.unknown({ name: `environ[${variable.value}]`, at: call.at });
        machine.environment.set(variable.value, method === 'setenv' ? (value ?? unset) : unset);
      }
      return none;
    }
    default:
      return none;
  }
}

function dottedTarget(machine: Machine, dotted: string, at: string): { target: Value; name: Value } | null {
  const cut = dotted.lastIndexOf('.');
  const module = cut < 0 ? null : machine.rules.importModule(dotted.slice(0, cut), at);
  return module === null
    ? null
    : {
        target: { type: 'module', module },
        name: { type: 'string', value: dotted.slice(cut + 1), origin: null },
      };
}

function patchAttribute(
  machine: Machine,
  {
    target,
    name,
    value,
    at,
  }: { target: Value | undefined; name: Value | undefined; value: Value; at: string },
): void {
  const variables = variablesOf(machine, target);
  if (target === undefined || name?.type !== 'string' || variables === null) {
    return;
  }
  const before = variables.get(name.value);
  machine.later(() => {
    if (before === undefined) {
      variables.delete(name.value);
    } else {
      variables.set(name.value, before);
    }
  });
  setAttribute(machine, target, { name: name.value, value, at });
}

function variablesOf(machine: Machine, target: Value | undefined): Scope['variables'] | null {
  switch (target?.type) {
    case 'module':
      machine.rules.runModule(target.module);
      return target.module.scope.variables;
    case 'class':
      return target.scope.variables;
    case 'instance':
      return target.attributes;
    default:
      return null;
  }
}

/** What `mock.patch` replaces is not read any more: when the patch holds depends on how it is used. */
function mockPatch(machine: Machine, kind: string, call: CallArguments): Value {
  const values = call.values.map((value) => machine.resolve(value));
  const [target, name] = values;
  const place =
    kind === 'path' && target?.type === 'string'
      ? dottedTarget(machine, target.value, call.at)
      : { target, name };
  const reason = `mock.patch at ${call.at} replaces it`;
  if (kind === 'dict' && target?.type === 'dictionary') {
    target.lost ??= reason;
  } else if (place?.name?.type === 'string') {
    const variables = variablesOf(machine, place.target);
    const before = variables?.get(place.name.value);
    const swallowed = before?.type === 'number' ? [before] : [];
    variables?.set(
      place.name.value,
      machine.unknown({ name: place.name.value, at: call.at, kind: 'lost', reason, swallowed }),
    );
  }
  return { type: 'builtin', name: 'identity', self: null, bound: null };
}
