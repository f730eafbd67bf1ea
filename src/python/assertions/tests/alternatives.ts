import type { Atom, Formula } from '../state/formula.ts';

/** An atom that holds, or that does not. */
export interface Fact {
  id: number;
  atom: Atom;
  holds: boolean;
}

/** One way in which a condition is met: groups of facts, the outer conditions first. */
export type Alternative = Fact[][];

export interface Bound {
  left: number;
  /** Conditions that were asked before. */
  known: Map<Formula, boolean>;
}

/**
 * Every way in which a condition is met, as far as it matters to comparisons: conditions without one, other than single
 * facts, are taken for met, else their combinations would have no end.
 *
 * @param bound how many may be made; null is returned when there are more
 */
export function alternativesOf(formula: Formula, holds: boolean, bound: Bound): Alternative[] | null {
  bound.left -= 1;
  if (bound.left < 0) {
    return null;
  }
  if (isAside(formula, bound)) {
    return [asideWay(formula)];
  }
  switch (formula.kind) {
    case 'true':
    case 'false':
      return (formula.kind === 'true') === holds ? [[]] : [];
    case 'atom':
      return [[[{ id: formula.id, atom: formula.atom, holds }]]];
    case 'not':
      return alternativesOf(formula.operand, !holds, bound);
    case 'and':
      return holds
        ? product(formula.operands, { holds, bound, ordered: formula.ordered })
        : union(formula.operands, holds, bound);
    case 'choice':
      return choice(formula, holds, bound);
    case 'or':
      return holds
        ? union(formula.operands, holds, bound)
        : product(formula.operands, { holds, bound, ordered: false });
  }
}

/** Whether a number that stands in a file is compared somewhere in a condition. */
function compares(formula: Formula, known: Map<Formula, boolean>): boolean {
  const before = known.get(formula);
  if (before !== undefined) {
    return before;
  }
  const answer = comparesNew(formula, known);
  known.set(formula, answer);
  return answer;
}

function comparesNew(formula: Formula, known: Map<Formula, boolean>): boolean {
  switch (formula.kind) {
    case 'true':
    case 'false':
      return false;
    case 'atom':
      return formula.atom.kind === 'bound' || formula.atom.kind === 'within';
    case 'not':
      return compares(formula.operand, known);
    case 'and':
    case 'or':
      return formula.operands.some((operand) => compares(operand, known));
    case 'choice':
      return [formula.test, formula.met, formula.otherwise].some((part) => compares(part, known));
  }
}

/** What cannot be followed and decides whether a comparison counts: the comparison is not certain then. */
function lostIn(formula: Formula): Extract<Formula, { kind: 'atom' }> | null {
  switch (formula.kind) {
    case 'true':
    case 'false':
      return null;
    case 'atom':
      return isLost(formula.atom) ? formula : null;
    case 'not':
      return lostIn(formula.operand);
    case 'and':
    case 'or':
      return firstLost(formula.operands);
    case 'choice':
      return firstLost([formula.test, formula.met, formula.otherwise]);
  }
}

function firstLost(formulas: readonly Formula[]): Extract<Formula, { kind: 'atom' }> | null {
  for (const formula of formulas) {
    const found = lostIn(formula);
    if (found !== null) {
      return found;
    }
  }
  return null;
}

/** Whether a fact is about something that the reader could not follow. */
export function isLost(atom: Atom): boolean {
  const values = atom.kind === 'pair' ? [atom.left, atom.right] : atom.kind === 'exists' ? [] : [atom.value];
  return values.some((value) => value !== null && value.root.kind === 'lost');
}

/** The one way in which a condition that stands aside is taken for met: elements that it is about are there. */
function asideWay(formula: Formula): Alternative {
  const facts: Fact[] = [];
  const lost = lostIn(formula);
  if (lost !== null) {
    facts.push({ id: lost.id, atom: lost.atom, holds: true });
  }
  addElements(formula, facts);
  return facts.length === 0 ? [] : [facts];
}

function addElements(formula: Formula, facts: Fact[]): void {
  if (facts.length > 20) {
    return;
  }
  if (formula.kind === 'atom' && formula.atom.kind === 'exists') {
    facts.push({ id: formula.id, atom: formula.atom, holds: true });
  } else if (formula.kind === 'and' || formula.kind === 'or') {
    formula.operands.forEach((operand) => addElements(operand, facts));
  } else if (formula.kind === 'choice') {
    addElements(formula.met, facts);
  }
}

/** A condition that only says when a comparison counts, and says it in more than one fact. */
function isAside(formula: Formula, bound: Bound): boolean {
  const inner = formula.kind === 'not' ? formula.operand : formula;
  return (
    inner.kind !== 'atom' &&
    inner.kind !== 'true' &&
    inner.kind !== 'false' &&
    !compares(formula, bound.known)
  );
}

function choice(
  { test, met, otherwise }: Extract<Formula, { kind: 'choice' }>,
  holds: boolean,
  bound: Bound,
): Alternative[] | null {
  const not: Formula = { kind: 'not', id: -1, operand: test };
  const inner = (formula: Formula): Formula => (holds ? formula : { kind: 'not', id: -1, operand: formula });
  const first = product([test, inner(met)], { holds: true, bound, ordered: true });
  const second = product([not, inner(otherwise)], { holds: true, bound, ordered: true });
  return first === null || second === null ? null : [...first, ...second];
}

function union(operands: readonly Formula[], holds: boolean, bound: Bound): Alternative[] | null {
  const found: Alternative[] = [];
  const others = operands.filter((operand) => isAside(operand, bound));
  if (others.length > 0) {
    found.push(asideWay({ kind: 'or', id: -1, operands: others }));
  }
  for (const operand of operands) {
    const ways = others.includes(operand) ? [] : alternativesOf(operand, holds, bound);
    if (ways === null) {
      return null;
    }
    found.push(...ways);
  }
  return found;
}

function product(
  operands: readonly Formula[],
  { holds, bound, ordered }: { holds: boolean; bound: Bound; ordered: boolean },
): Alternative[] | null {
  let found: Alternative[] = [[]];
  for (const operand of operands) {
    const ways = isAside(operand, bound) ? [asideWay(operand)] : alternativesOf(operand, holds, bound);
    if (ways === null) {
      return null;
    }
    const next: Alternative[] = [];
    for (const before of found) {
      for (const way of ways) {
        bound.left -= 1;
        if (bound.left < 0) {
          return null;
        }
        const joined = ordered ? [...before, ...way] : merged(before, way);
        if (isPossible(joined)) {
          next.push(joined);
        }
      }
    }
    found = next;
  }
  return found;
}

/** Facts of one expression stand side by side, in the innermost group. */
function merged(first: Alternative, second: Alternative): Alternative {
  const [own, other] = [first.at(-1) ?? [], second.at(-1) ?? []];
  return [...first.slice(0, -1), ...second.slice(0, -1), [...own, ...other]];
}

/** Nothing both holds and does not; a selector has one value. */
function isPossible(alternative: Alternative): boolean {
  const known = new Map<number, boolean>();
  const chosen = new Map<number, string>();
  for (const { id, atom, holds } of alternative.flat()) {
    if (known.get(id) === !holds) {
      return false;
    }
    known.set(id, holds);
    if (atom.kind === 'equals' && holds) {
      const before = chosen.get(atom.value.id);
      if (before !== undefined && before !== atom.text) {
        return false;
      }
      chosen.set(atom.value.id, atom.text);
    }
  }
  return true;
}
