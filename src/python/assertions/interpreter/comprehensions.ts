import { createDictionary, createSequence, elementsOf, setEntry } from './containers.ts';
import type { Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { truth } from './operators.ts';
import { createScope, placeAt } from '../state/scopes.ts';
import type { Clause, Expr } from '../syntax/syntax.ts';
import type { Item, Value } from '../state/values.ts';

/** `[element for … in … if …]`: a list whose elements know under which conditions they are in it. */
export function comprehend(
  machine: Machine,
  expr: Extract<Expr, { kind: 'comprehension' }>,
  frame: Frame,
): Value {
  const items: Item[] = [];
  const birth = machine.path.current;
  walk(machine, expr.clauses, {
    frame,
    visit: (inner) => {
      const value = machine.rules.evaluate(expr.element, inner);
      items.push({ value, guard: machine.guardSince(birth) });
    },
  });
  return createSequence(machine, expr.form === 'set' ? 'set' : 'list', items);
}

/** `{key: value for …}`. */
export function mapping(machine: Machine, expr: Extract<Expr, { kind: 'mapping' }>, frame: Frame): Value {
  const made = createDictionary(machine);
  const at = placeAt(frame.module, expr.line);
  walk(machine, expr.clauses, {
    frame,
    visit: (inner) => {
      const key = machine.rules.evaluate(expr.key, inner);
      setEntry(machine, made, { key, value: machine.rules.evaluate(expr.value, inner), at });
    },
  });
  return made;
}

interface Walk {
  frame: Frame;
  visit: (frame: Frame) => void;
}

function walk(machine: Machine, clauses: readonly Clause[], { frame, visit }: Walk): void {
  const scope = createScope(machine, { parent: frame.scope, module: frame.module });
  const inner: Frame = { ...frame, scope };
  const next = (index: number): void => {
    machine.step();
    const clause = clauses[index];
    if (clause === undefined) {
      visit(inner);
      return;
    }
    const iterable = machine.rules.evaluate(clause.iterable, inner);
    for (const item of elementsOf(machine, iterable, placeAt(frame.module, clause.iterable.line))) {
      machine.under(item.guard, () => {
        // Each round has its own variables, so that no round's conditions cling to the next one's values.
        scope.birth = machine.path.current;
        machine.rules.assign(clause.target, item.value, inner);
        underConditions(machine, clause.conditions, { frame: inner, action: () => next(index + 1) });
      });
    }
  };
  next(0);
}

function underConditions(
  machine: Machine,
  conditions: readonly Expr[],
  { frame, action }: { frame: Frame; action: () => void },
): void {
  const [first, ...rest] = conditions;
  if (first === undefined) {
    action();
    return;
  }
  const { formula, decisions } = truth(machine, machine.rules.evaluate(first, frame));
  if (formula.kind === 'false') {
    return;
  }
  const before = machine.decisions;
  machine.decisions = decisions.length === 0 ? before : [...before, ...decisions];
  try {
    const inside = (): void => underConditions(machine, rest, { frame, action });
    if (formula.kind === 'true') {
      inside();
    } else {
      machine.under(formula, inside);
    }
  } finally {
    machine.decisions = before;
  }
}
