import { builtins } from '../library/builtins.ts';
import { callAssertion } from '../library/assertion-functions.ts';
import { callFunction, callUnknown } from './calls.ts';
import { findInClass } from './attributes.ts';
import { instantiate } from './classes.ts';
import { callExternal } from '../library/externals.ts';
import type { CallArguments } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { callMethod } from '../library/methods.ts';
import type { Stmt } from '../syntax/syntax.ts';
import {
  none,
  type BuiltinValue,
  type EitherValue,
  type FunctionValue,
  type LazyValue,
  type Value,
} from '../state/values.ts';

/** `callee(…)`, whatever the callee is. */
export function call(machine: Machine, callee: Value, args: CallArguments): Value {
  return machine.map(callee, (target) => callOne(machine, target, args));
}

function callOne(
  machine: Machine,
  target: Exclude<Value, EitherValue | LazyValue>,
  args: CallArguments,
): Value {
  machine.step();
  switch (target.type) {
    case 'never':
      return target;
    case 'function':
      return isWorthFollowing(machine, target, args)
        ? callFunction(machine, target, args)
        : callUnknown(machine, target, args);
    case 'bound':
      return call(machine, target.target, { ...args, values: [target.self, ...args.values] });
    case 'class':
      return instantiate(machine, target, args);
    case 'builtin':
      return callBuiltin(machine, target, args);
    case 'external':
      return callExternal(machine, target.name, args);
    case 'instance': {
      const method = findInClass(machine, target.class, '__call__');
      return method === null
        ? callUnknown(machine, target, args)
        : call(machine, method, { ...args, values: [target, ...args.values] });
    }
    default:
      return callUnknown(machine, target, args);
  }
}

/**
 * Test code is always followed. The code under test is where the measured values come from, and following it would only
 * take them to pieces: of it, helpers over constants are followed, and checks that are handed a value and a number.
 */
function isWorthFollowing(machine: Machine, target: FunctionValue, args: CallArguments): boolean {
  if (!target.scope.module.isLazy) {
    return true;
  }
  const values = [...args.values, ...args.named.values()];
  if (!hasUnknown(machine, values)) {
    return true;
  }
  const isCheck = values.some(
    (value) => machine.resolve(value).type === 'number' || value.type === 'condition',
  );
  return isCheck && target.body.kind === 'statements' && canFail(target.body.definition.body());
}

function canFail(statements: readonly Stmt[]): boolean {
  return statements.some((statement) => {
    switch (statement.kind) {
      case 'assert':
        return true;
      case 'raise': {
        const callee = statement.value?.kind === 'call' ? statement.value.callee : statement.value;
        return callee?.kind === 'name' && callee.name === 'AssertionError';
      }
      case 'if':
        return statement.branches.some(({ body }) => canFail(body)) || canFail(statement.otherwise);
      case 'for':
        return canFail(statement.body);
      default:
        return false;
    }
  });
}

function hasUnknown(machine: Machine, values: readonly Value[]): boolean {
  const seen = new Set<Value>();
  const pending = [...values];
  for (let next = pending.pop(); next !== undefined && seen.size < 500; next = pending.pop()) {
    if (seen.has(next)) {
      continue;
    }
    seen.add(next);
    machine.step();
    switch (next.type) {
      case 'unknown':
      case 'condition':
        return true;
      case 'either':
        pending.push(next.met, next.otherwise);
        break;
      case 'sequence':
        pending.push(...next.items.map(({ value }) => value));
        break;
      case 'dictionary':
        pending.push(...[...next.entries.values()].map(({ value }) => value));
        break;
      case 'instance':
        pending.push(...next.attributes.values());
        break;
      default:
        break;
    }
  }
  return false;
}

function callBuiltin(machine: Machine, target: BuiltinValue, args: CallArguments): Value {
  const { name, self } = target;
  if (name === 'partial' && self !== null) {
    const named = new Map([...(target.bound?.named ?? []), ...args.named]);
    return call(machine, self, { ...args, values: [...(target.bound?.values ?? []), ...args.values], named });
  }
  if (name === 'wraps') {
    const [inner] = args.values;
    return inner?.type === 'function' && self?.type === 'function'
      ? { ...inner, wrapped: self }
      : (inner ?? none);
  }
  if (name === 'identity') {
    return args.values[0] ?? none;
  }
  if (name.startsWith('unittest.')) {
    const answer = callAssertion(machine, name.slice('unittest.'.length), args);
    if (answer !== null) {
      return answer;
    }
  }
  if (self === null && Object.hasOwn(builtins, name)) {
    return builtins[name]?.(machine, args, target) ?? none;
  }
  if (name === 'object.method') {
    return none;
  }
  const answer = self === null ? null : callMethod(machine, target, args);
  return answer ?? callUnknown(machine, target, args);
}
