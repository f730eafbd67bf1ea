import { elementsOf } from './containers.ts';
import type { CallArguments, Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import type { Argument, Expr } from '../syntax/syntax.ts';
import type { FunctionValue, Value } from '../state/values.ts';

/** The arguments of a call, stars taken apart. */
export function argumentsOf(
  machine: Machine,
  list: readonly Argument[],
  { frame, at }: { frame: Frame; at: string },
): CallArguments {
  const call: CallArguments = { values: [], named: new Map(), at, frame };
  for (const argument of list) {
    const value = machine.rules.evaluate(argument.value, frame);
    if (argument.star === '*') {
      call.values.push(...elementsOf(machine, value, at).map((item) => item.value));
    } else if (argument.star === '**') {
      const table = machine.resolve(value);
      if (table.type === 'dictionary' && table.lost === null) {
        for (const entry of table.entries.values()) {
          call.named.set(entry.key.type === 'string' ? entry.key.value : '**', entry.value);
        }
      } else {
        call.named.set('**', value);
      }
    } else if (argument.name === null) {
      call.values.push(value);
    } else {
      call.named.set(argument.name, value);
    }
  }
  return call;
}

export function lambdaOf(
  machine: Machine,
  expr: Extract<Expr, { kind: 'lambda' }>,
  frame: Frame,
): FunctionValue {
  const defaults = new Map<string, Value>();
  for (const parameter of expr.parameters) {
    if (parameter.default !== null) {
      defaults.set(parameter.name, machine.rules.evaluate(parameter.default, frame));
    }
  }
  return {
    type: 'function',
    name: 'lambda',
    parameters: expr.parameters,
    defaults,
    scope: frame.scope,
    body: { kind: 'expression', value: expr.body },
    owner: null,
    role: 'function',
    line: expr.line,
    isFixture: false,
    wrapped: null,
  };
}
