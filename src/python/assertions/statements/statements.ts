import { assertHolds } from './assert-holds.ts';
import { assign } from './assignments.ts';
import { defineFunction } from './define-function.ts';
import { defineClass } from '../interpreter/classes.ts';
import { elementsOf, setEntry } from '../interpreter/containers.ts';
import { evaluate } from '../interpreter/evaluate.ts';
import { runImport } from '../interpreter/imports.ts';
import { runFor, runWhile } from './loops.ts';
import { throwIfCancelled, type Flow, type Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { asNumber, binary, truth } from '../interpreter/operators.ts';
import { bind, placeAt } from '../state/scopes.ts';
import type { Expr, Stmt } from '../syntax/syntax.ts';
import { always, impossible, type Formula } from '../state/formula.ts';
import { raiseStatement, runTry } from './exceptions.ts';
import { runWith } from './with-statement.ts';
import { never, type Value } from '../state/values.ts';

/** Runs statements in order; what follows a way out runs under the condition that it was not taken. */
export function execute(machine: Machine, statements: readonly Stmt[], frame: Frame): Flow {
  const { depth } = machine.path;
  const before = machine.decisions;
  let flow: Flow = throwIfCancelled;
  for (const statement of statements) {
    machine.step();
    const next = runStatement(machine, statement, frame);
    flow = joined(machine, flow, next);
    if (next.dead) {
      break;
    }
    const left = machine.formulas.or([next.returned, next.broken, next.continued]);
    if (left.kind !== 'false') {
      machine.path.push(machine.formulas.not(left));
    }
  }
  machine.path.popTo(depth);
  machine.decisions = before;
  return flow;
}

/** The ways out of two statements that follow each other. */
function joined(machine: Machine, first: Flow, second: Flow): Flow {
  const { formulas } = machine;
  const left = formulas.or([first.returned, first.broken, first.continued]);
  const reached = formulas.not(left);
  const after = (formula: Formula): Formula => formulas.and([reached, formula], true);
  return {
    returned: formulas.or([first.returned, after(second.returned)]),
    broken: formulas.or([first.broken, after(second.broken)]),
    continued: formulas.or([first.continued, after(second.continued)]),
    dead: second.dead,
  };
}

function runStatement(machine: Machine, statement: Stmt, frame: Frame): Flow {
  const at = placeAt(frame.module, statement.line);
  switch (statement.kind) {
    case 'expression':
      evaluate(machine, statement.value, frame);
      return throwIfCancelled;
    case 'assign':
      runAssign(machine, statement, frame);
      return throwIfCancelled;
    case 'augmented':
      runAugmented(machine, statement, frame);
      return throwIfCancelled;
    case 'return': {
      const value: Value =
        statement.value === null ? { type: 'none', origin: null } : evaluate(machine, statement.value, frame);
      frame.returns.push({ condition: machine.guardSince(frame.birth), value });
      return { ...throwIfCancelled, returned: always, dead: true };
    }
    case 'raise':
      return raiseStatement(machine, statement, frame);
    case 'assert':
      return runAssert(machine, statement.test, frame);
    case 'if':
      return runIf(machine, statement, frame);
    case 'for':
      return runFor(machine, statement, frame);
    case 'while':
      return runWhile(machine, statement, frame);
    case 'try':
      return runTry(machine, statement, frame);
    case 'with':
      return runWith(machine, statement, frame);
    case 'break':
      return { ...throwIfCancelled, broken: always, dead: true };
    case 'continue':
      return { ...throwIfCancelled, continued: always, dead: true };
    case 'pass':
      return throwIfCancelled;
    case 'other':
      machine.note(`${statement.reason} is not followed`, at);
      return throwIfCancelled;
    default:
      return runBinding(machine, statement, frame);
  }
}

function runBinding(machine: Machine, statement: Stmt, frame: Frame): Flow {
  const at = placeAt(frame.module, statement.line);
  switch (statement.kind) {
    case 'function': {
      const value = defineFunction(machine, statement.definition, frame);
      bind(machine, frame.scope, statement.definition.name, value, at);
      return throwIfCancelled;
    }
    case 'class': {
      const value = defineClass(machine, statement.definition, frame);
      bind(machine, frame.scope, statement.definition.name, value, at);
      return throwIfCancelled;
    }
    case 'import':
    case 'import-from':
      runImport(machine, statement, frame);
      return throwIfCancelled;
    case 'global':
      for (const name of statement.names) {
        frame.scope.outer.add(name);
      }
      return throwIfCancelled;
    case 'delete':
      for (const target of statement.targets) {
        remove(machine, target, frame);
      }
      return throwIfCancelled;
    default:
      return throwIfCancelled;
  }
}

function remove(machine: Machine, target: Expr, frame: Frame): void {
  if (target.kind === 'name') {
    const before = frame.scope.variables.get(target.name) ?? never;
    frame.scope.variables.set(target.name, machine.guarded(frame.scope.birth, never, before));
  } else if (target.kind === 'subscript') {
    const object = machine.resolve(evaluate(machine, target.object, frame));
    const key = evaluate(machine, target.index, frame);
    if (object.type === 'dictionary') {
      setEntry(machine, object, { key, value: never, at: placeAt(frame.module, target.line) });
    } else if (object.type === 'sequence') {
      object.lost ??= `an element is deleted at ${placeAt(frame.module, target.line)}`;
    }
  }
}

/** `assert` fails where its condition does not hold. */
function runAssert(machine: Machine, test: Expr, frame: Frame): Flow {
  const at = placeAt(frame.module, test.line);
  const { formula, decisions } = truth(machine, evaluate(machine, test, frame));
  assertHolds(machine, { formula, decisions }, at);
  return formula.kind === 'false' ? { ...throwIfCancelled, dead: true } : throwIfCancelled;
}

function runIf(machine: Machine, statement: Extract<Stmt, { kind: 'if' }>, frame: Frame): Flow {
  const run = (index: number): Flow => {
    const branch = statement.branches[index];
    if (branch === undefined) {
      return execute(machine, statement.otherwise, frame);
    }
    const { formula, decisions } = truth(machine, evaluate(machine, branch.test, frame));
    if (decisions.length > 0) {
      // What is written from here on depends on it, in the branch and, where it may leave, after it.
      machine.decisions = [...machine.decisions, ...decisions];
    }
    if (formula.kind === 'true') {
      return execute(machine, branch.body, frame);
    }
    if (formula.kind === 'false') {
      return run(index + 1);
    }
    const met = machine.under(formula, () => execute(machine, branch.body, frame));
    const otherwise = machine.under(machine.formulas.not(formula), () => run(index + 1));
    return choose(machine, formula, { met, otherwise });
  };
  const before = machine.decisions;
  const flow = run(0);
  const mayLeave = statement.branches.some(({ body }) => leaves(body)) || leaves(statement.otherwise);
  if (!mayLeave) {
    machine.decisions = before;
  }
  return flow;
}

function leaves(statements: readonly Stmt[]): boolean {
  return statements.some(
    (statement) =>
      ['return', 'raise', 'break', 'continue'].includes(statement.kind) ||
      (statement.kind === 'if' &&
        (statement.branches.some(({ body }) => leaves(body)) || leaves(statement.otherwise))),
  );
}

function choose(
  machine: Machine,
  condition: Formula,
  { met, otherwise }: { met: Flow; otherwise: Flow },
): Flow {
  const { formulas } = machine;
  const pick = (first: Formula, second: Formula): Formula =>
    formulas.or([
      formulas.and([condition, first], true),
      formulas.and([formulas.not(condition), second], true),
    ]);
  const flow = {
    returned: pick(met.returned, otherwise.returned),
    broken: pick(met.broken, otherwise.broken),
    continued: pick(met.continued, otherwise.continued),
  };
  return { ...flow, dead: met.dead && otherwise.dead };
}

function runAssign(machine: Machine, statement: Extract<Stmt, { kind: 'assign' }>, frame: Frame): void {
  if (statement.value === null) {
    return;
  }
  const value = evaluate(machine, statement.value, frame);
  for (const target of statement.targets) {
    assign(machine, target, value, frame);
  }
}

function runAugmented(machine: Machine, statement: Extract<Stmt, { kind: 'augmented' }>, frame: Frame): void {
  const { target, operator } = statement;
  const at = placeAt(frame.module, statement.line);
  const left = evaluate(machine, target, frame);
  const right = evaluate(machine, statement.value, frame);
  const resolved = machine.resolve(left);
  if (resolved.type === 'unknown' && resolved.root.kind === 'count' && operator === '+') {
    // A tally: what matters is when it is more than nothing.
    const some = machine.counts.get(resolved.id) ?? impossible;
    const added = asNumber(machine.resolve(right));
    const guard = added !== null && added.value > 0 ? machine.guardSince(null) : always;
    machine.counts.set(resolved.id, machine.formulas.or([some, guard]));
    return;
  }
  if (resolved.type === 'sequence' && resolved.form === 'list' && operator === '+') {
    const guard = machine.guardSince(resolved.birth);
    const added = elementsOf(machine, right, at);
    resolved.items.push(
      ...added.map((item) => ({ ...item, guard: machine.formulas.and([guard, item.guard], true) })),
    );
    return;
  }
  assign(machine, target, binary(machine, operator, { left, right, at }), frame);
}
