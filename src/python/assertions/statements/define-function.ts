import type { Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { placeAt } from '../state/scopes.ts';
import type { Expr, FunctionSyntax } from '../syntax/syntax.ts';
import type { FunctionValue, Value } from '../state/values.ts';

/** Runs a `def` statement: defaults are evaluated, the body is not. */
export function defineFunction(machine: Machine, definition: FunctionSyntax, frame: Frame): FunctionValue {
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
  };
  for (const decorator of definition.decorators.toReversed()) {
    decorate(machine, value, { decorator, frame });
  }
  return value;
}

function decorate(
  machine: Machine,
  value: FunctionValue,
  { decorator, frame }: { decorator: Expr; frame: Frame },
): void {
  const callee = decorator.kind === 'call' ? decorator.callee : decorator;
  const target = machine.resolve(machine.rules.evaluate(callee, frame));
  const name = target.type === 'external' || target.type === 'builtin' ? target.name : '';
  if (name === 'staticmethod') {
    value.role = 'static';
  } else if (name === 'classmethod') {
    value.role = 'class';
  } else if (name === 'property' || name.endsWith('cached_property')) {
    value.role = 'property';
  } else if (name.endsWith('contextmanager')) {
    value.role = 'context';
  } else if (name === 'pytest.fixture' || name === 'pytest_asyncio.fixture') {
    value.isFixture = true;
  } else if (target.type === 'function' || target.type === 'class') {
    machine.note(`the decorator ${target.name} is not followed`, placeAt(frame.module, decorator.line));
  }
}
