import type { Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { placeAt } from '../state/scopes.ts';
import type { Expr, FunctionSyntax } from '../syntax/syntax.ts';
import type { FunctionValue, Value } from '../state/values.ts';

/** Runs a `def` statement: defaults are evaluated, the body is not. */
export function defineFunction(machine: Machine, definition: FunctionSyntax, frame: Frame): Value {
  const defaults = new Map<string, Value>();
  for (const parameter of definition.parameters) {
    if (parameter.default !== null) {
      defaults.set(parameter.name, machine.rules.evaluate(parameter.default, frame));
    }
  }
  // A class body is no enclosing scope for the functions in it.
  const scope = frame.scope.isClass ? (frame.scope.parent ?? frame.module.scope) : frame.scope;
  const { name, parameters, line } = definition;
  const body = { kind: 'statements' as const, definition };
  const value: FunctionValue = {
    type: 'function',
    name,
    parameters,
    defaults,
    scope,
    body,
    owner: null,
    role: 'function',
    line,
    isFixture: false,
    wrapped: null,
  };
  let result: Value = value;
  for (const decorator of definition.decorators.toReversed()) {
    result = decorate(machine, value, { decorator, frame, result });
  }
  return result;
}

/** What a decorator makes of a function: marks are taken in, code of the repository is followed, others leave it as it is. */
function decorate(
  machine: Machine,
  value: FunctionValue,
  { decorator, frame, result }: { decorator: Expr; frame: Frame; result: Value },
): Value {
  const callee = decorator.kind === 'call' ? decorator.callee : decorator;
  const target = machine.resolve(machine.rules.evaluate(callee, frame));
  const name = target.type === 'external' || target.type === 'builtin' ? target.name : '';
  const role = roleOf(name);
  if (role !== null) {
    value.role = role;
    return result;
  }
  if (name === 'pytest.fixture' || name === 'pytest_asyncio.fixture') {
    value.isFixture = true;
    return result;
  }
  const at = placeAt(frame.module, decorator.line);
  const isOwn = target.type === 'function' || target.type === 'class' || target.type === 'bound';
  if (!isOwn && name !== 'functools.wraps') {
    if (/(?:^|\.)patch(?:\.object|\.dict)?$/.test(name)) {
      machine.rules.evaluate(decorator, frame);
    }
    return result;
  }
  const maker = machine.rules.evaluate(decorator, frame);
  const made = machine.rules.call(maker, { values: [result], named: new Map(), at, frame });
  return machine.resolve(made).type === 'unknown'
    ? machine.unknown({
        name: value.name,
        at,
        kind: 'lost',
        reason: `the decorator at ${at} is not followed`,
      })
    : made;
}

function roleOf(name: string): FunctionValue['role'] | null {
  switch (name) {
    case 'staticmethod':
      return 'static';
    case 'classmethod':
      return 'class';
    case 'property':
      return 'property';
    default:
      return name.endsWith('cached_property')
        ? 'property'
        : name.endsWith('contextmanager')
          ? 'context'
          : null;
  }
}
