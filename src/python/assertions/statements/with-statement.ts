import { findInClass } from '../interpreter/attributes.ts';
import { openFrame } from '../interpreter/calls.ts';
import { throwIfCancelled, type CallArguments, type Flow, type Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { expectingFailure } from './exceptions.ts';
import { argumentsOf } from '../interpreter/arguments.ts';
import { placeAt } from '../state/scopes.ts';
import type { Expr, Stmt } from '../syntax/syntax.ts';
import { none, type Value } from '../state/values.ts';

type With = Extract<Stmt, { kind: 'with' }>;

/** `with`: the repository's own context managers are run around the body, those of others are passed over. */
export function runWith(machine: Machine, statement: With, frame: Frame): Flow {
  const run = (index: number): Flow => {
    const item = statement.items[index];
    return item === undefined
      ? machine.rules.execute(statement.body, frame)
      : enter(machine, item, { frame, body: () => run(index + 1) });
  };
  return run(0);
}

interface Entering {
  frame: Frame;
  body: () => Flow;
}

function enter(machine: Machine, item: With['items'][number], { frame, body }: Entering): Flow {
  const at = placeAt(frame.module, item.context.line);
  const inside = (value: Value): Flow => {
    if (item.target !== null) {
      machine.rules.assign(item.target, value, frame);
    }
    return body();
  };
  const generator = generatorCall(machine, item.context, frame);
  if (generator !== null) {
    return aroundYield(machine, generator, inside);
  }
  const context = machine.resolve(machine.rules.evaluate(item.context, frame));
  if (context.type === 'builtin' && context.name === 'expect failure') {
    return expectingFailure(machine, () => inside(machine.unknown({ name: 'exception', at })));
  }
  if (context.type === 'instance') {
    return aroundInstance(machine, { self: context, at, frame }, inside);
  }
  const value = context.type === 'unknown' ? context : machine.unknown({ name: 'a context', at });
  return inside(context.type === 'builtin' ? none : value);
}

/** A call of a function of the repository that `@contextmanager` decorates. */
function generatorCall(
  machine: Machine,
  expr: Expr,
  frame: Frame,
): { target: Extract<Value, { type: 'function' }>; call: CallArguments } | null {
  if (expr.kind !== 'call') {
    return null;
  }
  const callee = machine.resolve(machine.rules.evaluate(expr.callee, frame));
  const bound = callee.type === 'bound' ? callee : null;
  const target = bound === null ? callee : bound.target;
  if (target.type !== 'function' || target.role !== 'context') {
    return null;
  }
  const call = argumentsOf(machine, expr.arguments, { frame, at: placeAt(frame.module, expr.line) });
  return { target, call: bound === null ? call : { ...call, values: [bound.self, ...call.values] } };
}

function aroundYield(
  machine: Machine,
  { target, call }: { target: Extract<Value, { type: 'function' }>; call: CallArguments },
  inside: (value: Value) => Flow,
): Flow {
  if (machine.depth >= machine.limits.depth || target.body.kind === 'expression') {
    return inside(machine.unknown({ name: target.name, at: call.at }));
  }
  const frame = openFrame(machine, target, call);
  let flow: Flow | null = null;
  frame.onYield = (value) => {
    flow ??= inside(value);
    return none;
  };
  machine.depth += 1;
  machine.rules.execute(target.body.definition.body(), frame);
  machine.depth -= 1;
  return flow ?? throwIfCancelled;
}

function aroundInstance(
  machine: Machine,
  { self, at, frame }: { self: Extract<Value, { type: 'instance' }>; at: string; frame: Frame },
  inside: (value: Value) => Flow,
): Flow {
  const call = { named: new Map<string, Value>(), at, frame };
  const opening = findInClass(machine, self.class, '__enter__');
  const value = opening === null ? self : machine.rules.call(opening, { ...call, values: [self] });
  const flow = inside(value);
  const closing = findInClass(machine, self.class, '__exit__');
  if (closing !== null) {
    machine.rules.call(closing, { ...call, values: [self, none, none, none] });
  }
  return flow;
}
