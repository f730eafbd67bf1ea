import { classNames } from '../interpreter/attributes.ts';
import { always, type Formula } from '../state/formula.ts';
import {
  throwIfCancelled,
  type Catcher,
  type Flow,
  type Frame,
  type RaisedException,
} from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { bind, placeAt } from '../state/scopes.ts';
import type { Handler, Stmt } from '../syntax/syntax.ts';
import { never, type Value } from '../state/values.ts';

/** `raise`: leaves the test, or goes to the nearest `try`. */
export function raiseStatement(
  machine: Machine,
  statement: Extract<Stmt, { kind: 'raise' }>,
  frame: Frame,
): Flow {
  const at = placeAt(frame.module, statement.line);
  const value = statement.value === null ? never : machine.rules.evaluate(statement.value, frame);
  machine.raise(
    statement.value === null ? ['AssertionError', 'Exception'] : exceptionNames(machine, value),
    value,
    at,
  );
  return { ...throwIfCancelled, dead: true };
}

const systemExits = new Set([
  'SystemExit',
  'KeyboardInterrupt',
  'BaseException',
  'GeneratorExit',
  'Failed',
  'Skipped',
  'Exit',
]);

/** Names by which `except` may know an exception. */
export function exceptionNames(machine: Machine, value: Value): string[] {
  const resolved = machine.resolve(value);
  const own =
    resolved.type === 'instance'
      ? classNames(machine, resolved.class)
      : resolved.type === 'unknown'
        ? [resolved.root.name.replace(/\(\)$/, '').split('.').at(-1) ?? '']
        : classNames(machine, resolved);
  return own.some((name) => systemExits.has(name)) ? own : [...own, 'Exception'];
}

/** `try`: handlers run under the conditions under which something that they catch was raised. */
export function runTry(machine: Machine, statement: Extract<Stmt, { kind: 'try' }>, frame: Frame): Flow {
  const catcher: Catcher = { raised: [], birth: machine.path.current };
  machine.catchers.push(catcher);
  const body = machine.rules.execute(statement.body, frame);
  machine.catchers.pop();
  const flows: { condition: Formula; flow: Flow }[] = [];
  let open = catcher.raised;
  for (const handler of statement.handlers) {
    const caught = open.filter((raised) => catches(machine, handler, { raised, frame }));
    open = open.filter((raised) => !caught.includes(raised));
    const condition = machine.formulas.or(caught.map(({ conditions }) => conditions));
    if (condition.kind !== 'false') {
      flows.push({ condition, flow: runHandler(machine, handler, { condition, caught, frame }) });
    }
  }
  for (const raised of open) {
    passOn(machine, raised);
  }
  let flow = joinHandlers(machine, body, flows);
  if (!body.dead && statement.otherwise.length > 0) {
    flow = sequence(machine, flow, () => machine.rules.execute(statement.otherwise, frame));
  }
  return statement.finally.length === 0
    ? flow
    : sequence(machine, flow, () => machine.rules.execute(statement.finally, frame));
}

/** An exception that no handler takes goes on to the next `try`, under its own conditions. */
function passOn(machine: Machine, { conditions, names, value }: RaisedException): void {
  const at = machine.calls.at(-1) ?? '';
  if (conditions.kind === 'true') {
    machine.raise(names, value, at);
  } else {
    machine.under(conditions, () => machine.raise(names, value, at));
  }
}

function runHandler(
  machine: Machine,
  handler: Handler,
  { condition, caught, frame }: { condition: Formula; caught: readonly RaisedException[]; frame: Frame },
): Flow {
  const at = placeAt(frame.module, handler.line);
  return machine.under(condition, () => {
    if (handler.name !== null) {
      bind(machine, frame.scope, handler.name, caught[0]?.value ?? never, at);
    }
    return machine.rules.execute(handler.body, frame);
  });
}

function joinHandlers(
  machine: Machine,
  body: Flow,
  flows: readonly { condition: Formula; flow: Flow }[],
): Flow {
  const { formulas } = machine;
  const join = (kind: 'returned' | 'broken' | 'continued'): Formula =>
    formulas.or([
      body[kind],
      ...flows.map(({ condition, flow }) => formulas.and([condition, flow[kind]], true)),
    ]);
  const isDead = body.dead && flows.every(({ flow }) => flow.dead);
  return { returned: join('returned'), broken: join('broken'), continued: join('continued'), dead: isDead };
}

function sequence(machine: Machine, first: Flow, next: () => Flow): Flow {
  const { formulas } = machine;
  const second = next();
  return {
    returned: formulas.or([first.returned, second.returned]),
    broken: formulas.or([first.broken, second.broken]),
    continued: formulas.or([first.continued, second.continued]),
    dead: first.dead || second.dead,
  };
}

function catches(
  machine: Machine,
  handler: Handler,
  { raised, frame }: { raised: RaisedException; frame: Frame },
): boolean {
  if (handler.type === null) {
    return true;
  }
  const value = machine.resolve(machine.rules.evaluate(handler.type, frame));
  const types = value.type === 'sequence' ? value.items.map((item) => item.value) : [value];
  return types.some((type) => {
    const name = classNames(machine, type)[0] ?? '';
    return name === 'BaseException' || raised.names.includes(name);
  });
}

/** Runs something whose failures are what the suite expects: they are no gates. */
export function expectingFailure(machine: Machine, action: () => Flow): Flow {
  const catcher: Catcher = { raised: [], birth: machine.path.current };
  machine.catchers.push(catcher);
  try {
    return { ...action(), dead: false };
  } finally {
    machine.catchers.pop();
  }
}

export { always };
