import { elementsOf } from '../interpreter/containers.ts';
import { impossible, type Formula } from '../state/formula.ts';
import { throwIfCancelled, type Flow, type Frame } from '../state/machine-types.ts';
import type { Machine } from '../state/machine.ts';
import { truth } from '../interpreter/operators.ts';
import { placeAt } from '../state/scopes.ts';
import type { Expr, Stmt } from '../syntax/syntax.ts';
import type { Value } from '../state/values.ts';

type For = Extract<Stmt, { kind: 'for' }>;
type While = Extract<Stmt, { kind: 'while' }>;

/** `for`: over known elements round by round, over unknown ones once, with an element that stands for all. */
export function runFor(machine: Machine, statement: For, frame: Frame): Flow {
  const at = placeAt(frame.module, statement.iterable.line);
  const items = elementsOf(machine, machine.rules.evaluate(statement.iterable, frame), at);
  if (items.some(({ guard }) => standsForMany(guard))) {
    forget(machine, statement.body, { frame, at });
  }
  const exits = newExits();
  const { depth } = machine.path;
  for (const item of items) {
    const flow = machine.under(item.guard, () => {
      machine.rules.assign(statement.target, item.value, frame);
      return machine.rules.execute(statement.body, frame);
    });
    collect(machine, exits, { flow, guard: item.guard });
    if (item.guard.kind === 'true' && flow.dead && flow.continued.kind === 'false') {
      break;
    }
    const left = machine.formulas.and([item.guard, machine.formulas.or([flow.returned, flow.broken])], true);
    if (left.kind !== 'false') {
      machine.path.push(machine.formulas.not(left));
    }
  }
  machine.path.popTo(depth);
  return finish(machine, exits, { otherwise: statement.otherwise, frame });
}

interface Exits {
  returned: Formula;
  broken: Formula;
  /** Every round that is certain ends in a way out. */
  dead: boolean;
}

function newExits(): Exits {
  return { returned: impossible, broken: impossible, dead: false };
}

function collect(machine: Machine, exits: Exits, { flow, guard }: { flow: Flow; guard: Formula }): void {
  const { formulas } = machine;
  const reached = formulas.not(formulas.or([exits.returned, exits.broken]));
  const inRound = (formula: Formula): Formula => formulas.and([reached, guard, formula], true);
  const returned = formulas.or([exits.returned, inRound(flow.returned)]);
  exits.broken = formulas.or([exits.broken, inRound(flow.broken)]);
  exits.returned = returned;
  const raises = flow.dead && flow.broken.kind === 'false' && flow.continued.kind === 'false';
  exits.dead ||= guard.kind === 'true' && raises;
}

function finish(
  machine: Machine,
  exits: Exits,
  { otherwise, frame }: { otherwise: readonly Stmt[]; frame: Frame },
): Flow {
  const { formulas } = machine;
  if (exits.dead) {
    return { ...throwIfCancelled, returned: exits.returned, dead: true };
  }
  if (otherwise.length === 0 || exits.broken.kind === 'true') {
    return { ...throwIfCancelled, returned: exits.returned };
  }
  const isDone = formulas.not(formulas.or([exits.broken, exits.returned]));
  const flow = machine.under(isDone, () => machine.rules.execute(otherwise, frame));
  const after = (formula: Formula): Formula => formulas.and([isDone, formula], true);
  return {
    returned: formulas.or([exits.returned, after(flow.returned)]),
    broken: after(flow.broken),
    continued: after(flow.continued),
    dead: flow.dead && exits.broken.kind === 'false',
  };
}

/** `while`: as long as its condition is known, then once more for all rounds that only a run knows. */
export function runWhile(machine: Machine, statement: While, frame: Frame): Flow {
  const exits = newExits();
  const { depth } = machine.path;
  const at = placeAt(frame.module, statement.line);
  for (let round = 0; ; round += 1) {
    const { formula, decisions } = truth(machine, machine.rules.evaluate(statement.test, frame));
    if (decisions.length > 0) {
      // With other literals there may be more rounds, or fewer: what follows depends on it.
      machine.decisions = [...machine.decisions, ...decisions];
    }
    if (formula.kind === 'false') {
      break;
    }
    const isOpen = formula.kind !== 'true' || round > machine.limits.elements;
    if (isOpen) {
      forget(machine, statement.body, { frame, at });
    }
    const flow = machine.under(formula, () => machine.rules.execute(statement.body, frame));
    collect(machine, exits, { flow, guard: formula });
    const left = machine.formulas.or([flow.returned, flow.broken]);
    if (isOpen || left.kind === 'true' || (flow.dead && flow.continued.kind === 'false')) {
      break;
    }
    if (left.kind !== 'false') {
      machine.path.push(machine.formulas.not(left));
      // Whether there is a next round depends on a run: nothing is computed from round to round any more.
      forget(machine, statement.body, { frame, at });
      break;
    }
  }
  machine.path.popTo(depth);
  return finish(machine, exits, { otherwise: statement.otherwise, frame });
}

function standsForMany(guard: Formula): boolean {
  if (guard.kind === 'atom') {
    return guard.atom.kind === 'exists';
  }
  return guard.kind === 'and' && guard.operands.some(standsForMany);
}

/**
 * Values that are carried from round to round of a loop with an unknown number of rounds are unknown in each of them.
 * Booleans stay: they are accumulated conditions, which hold for every element alike. A count that starts at 0 is kept as
 * the question whether it is more than 0.
 */
function forget(machine: Machine, body: readonly Stmt[], { frame, at }: { frame: Frame; at: string }): void {
  for (const name of assignedNames(body)) {
    const value = frame.scope.variables.get(name);
    const resolved = value === undefined ? undefined : machine.resolve(value);
    if (resolved === undefined || !isCarried(resolved)) {
      continue;
    }
    const isTally = resolved.type === 'number' && resolved.value === 0 && resolved.isInteger;
    const reason = 'it changes from round to round of a loop';
    const carried = machine.unknown({ name, at, kind: isTally ? 'count' : 'measured', reason });
    if (isTally) {
      machine.counts.set(carried.id, impossible);
    }
    frame.scope.variables.set(name, machine.guarded(frame.scope.birth, carried, value ?? carried));
  }
}

function isCarried(value: Value): boolean {
  return ['number', 'none', 'string', 'either', 'unknown'].includes(value.type);
}

/** Names that statements bind, those of inner functions left out. */
function assignedNames(statements: readonly Stmt[]): Set<string> {
  const names = new Set<string>();
  const target = (expr: Expr): void => {
    if (expr.kind === 'name') {
      names.add(expr.name);
    } else if (expr.kind === 'sequence') {
      expr.items.forEach(target);
    }
  };
  const visit = (statement: Stmt): void => {
    if (statement.kind === 'assign' && statement.value !== null) {
      statement.targets.forEach(target);
    } else if (statement.kind === 'augmented') {
      target(statement.target);
    }
    blocksOf(statement).forEach((block) => block.forEach(visit));
  };
  statements.forEach(visit);
  return names;
}

function blocksOf(statement: Stmt): (readonly Stmt[])[] {
  switch (statement.kind) {
    case 'if':
      return [...statement.branches.map(({ body }) => body), statement.otherwise];
    case 'for':
    case 'while':
      return [statement.body, statement.otherwise];
    case 'try':
      return [
        statement.body,
        ...statement.handlers.map(({ body }) => body),
        statement.otherwise,
        statement.finally,
      ];
    case 'with':
      return [statement.body];
    default:
      return [];
  }
}
