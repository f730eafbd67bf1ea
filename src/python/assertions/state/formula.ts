import type { NumberValue, UnknownValue } from './unknown.ts';

/** A condition over what only a run of the suite knows. Equal formulas have equal ids. */
export type Formula =
  | { kind: 'true'; id: number }
  | { kind: 'false'; id: number }
  | { kind: 'atom'; id: number; atom: Atom; rivals?: Formula[] }
  | { kind: 'not'; id: number; operand: Formula }
  /** `ordered`: a condition inside another one, oldest first, not one expression. */
  | { kind: 'and'; id: number; operands: readonly Formula[]; ordered: boolean }
  | { kind: 'or'; id: number; operands: readonly Formula[] }
  /** One of two conditions, as a third one decides. */
  | { kind: 'choice'; id: number; test: Formula; met: Formula; otherwise: Formula };

export type NumericOperator = '<' | '<=' | '>' | '>=' | '==' | '!=';

export type Atom =
  /** A number that is measured against one that stands in a file. */
  | { kind: 'bound'; operator: NumericOperator; value: UnknownValue; number: NumberValue; at: string }
  /** `|value − centre| ≤ width`, inclusive or not. */
  | {
      kind: 'within';
      value: UnknownValue;
      centre: NumberValue;
      width: NumberValue;
      inclusive: boolean;
      at: string;
    }
  /** Two values that are both measured. */
  | { kind: 'pair'; left: UnknownValue; right: UnknownValue; operator: string; at: string }
  /** A selector has this value. */
  | { kind: 'equals'; value: UnknownValue; text: string }
  /** There is an element of this kind; `root` is the element's. */
  | { kind: 'exists'; root: number; name: string }
  | { kind: 'fact'; text: string; value: UnknownValue | null };

export const always: Formula = { kind: 'true', id: 0 };
export const impossible: Formula = { kind: 'false', id: 1 };

/** Makes formulas; one per analysis, so that nothing outlives it. */
export class Formulas {
  readonly #known = new Map<string, Formula>();
  readonly #keys = new Map<string, Formula[]>();
  #next = 2;

  atom(atom: Atom): Formula {
    const key = keyOf(atom);
    const known = this.#known.get(key);
    if (known !== undefined) {
      return known;
    }
    const made: Formula = { kind: 'atom', id: this.#id(), atom };
    this.#known.set(key, made);
    if (atom.kind === 'equals') {
      const rivals = this.#keys.get(String(atom.value.id)) ?? [];
      rivals.push(made);
      this.#keys.set(String(atom.value.id), rivals);
      made.rivals = rivals;
    }
    return made;
  }

  #id(): number {
    this.#next += 1;
    return this.#next;
  }

  not(operand: Formula): Formula {
    if (operand.kind === 'true' || operand.kind === 'false') {
      return operand.kind === 'true' ? impossible : always;
    }
    return operand.kind === 'not'
      ? operand.operand
      : this.#intern(`not ${operand.id}`, (id) => ({ kind: 'not', id, operand }));
  }

  /** @param ordered the operands are conditions inside one another, oldest first */
  and(operands: readonly Formula[], ordered = false): Formula {
    const kept = this.#reduce(operands, 'true', 'false');
    if (kept === null) {
      return impossible;
    }
    const [only] = kept;
    if (kept.length <= 1) {
      return only ?? always;
    }
    const key = `${ordered ? 'seq' : 'and'} ${kept.map(({ id }) => id).join(' ')}`;
    return this.#intern(key, (id) => ({ kind: 'and', id, operands: kept, ordered }));
  }

  or(operands: readonly Formula[]): Formula {
    const kept = this.#reduce(operands, 'false', 'true');
    if (kept === null) {
      return always;
    }
    const [only] = kept;
    if (kept.length <= 1) {
      return only ?? impossible;
    }
    return this.#intern(`or ${kept.map(({ id }) => id).join(' ')}`, (id) => ({
      kind: 'or',
      id,
      operands: kept,
    }));
  }

  /** `then` where the test holds, else `otherwise`. */
  choice(test: Formula, met: Formula, otherwise: Formula): Formula {
    if (test.kind === 'true' || test.kind === 'false') {
      return test.kind === 'true' ? met : otherwise;
    }
    if (met.id === otherwise.id) {
      return met;
    }
    if (met.kind === 'true' || met.kind === 'false') {
      return met.kind === 'true' ? this.or([test, otherwise]) : this.and([this.not(test), otherwise], true);
    }
    if (otherwise.kind === 'true' || otherwise.kind === 'false') {
      return otherwise.kind === 'true' ? this.or([this.not(test), met]) : this.and([test, met], true);
    }
    const key = `choice ${test.id} ${met.id} ${otherwise.id}`;
    return this.#intern(key, (id) => ({ kind: 'choice', id, test, met, otherwise }));
  }

  /** Without neutral and repeated operands; null when one of them, or two opposites, decide the whole. */
  #reduce(
    operands: readonly Formula[],
    neutral: 'true' | 'false',
    decisive: 'true' | 'false',
  ): Formula[] | null {
    const kept = new Map<number, Formula>();
    for (const operand of operands) {
      if (operand.kind === decisive) {
        return null;
      }
      if (operand.kind !== neutral) {
        kept.set(operand.id, operand);
      }
    }
    for (const operand of kept.values()) {
      if (operand.kind === 'not' && kept.has(operand.operand.id)) {
        return null;
      }
    }
    return [...kept.values()];
  }

  #intern(key: string, make: (id: number) => Formula): Formula {
    const known = this.#known.get(key);
    if (known !== undefined) {
      return known;
    }
    const made = make(this.#id());
    this.#known.set(key, made);
    return made;
  }
}

const numbers = new WeakMap<object, number>();
let lastNumber = 0;

/** Two numbers are the same only when they come from the same computation. */
function numberId(number: NumberValue): string {
  let id = numbers.get(number.rule);
  if (id === undefined) {
    lastNumber += 1;
    id = lastNumber;
    numbers.set(number.rule, id);
  }
  return `${number.value}#${id}`;
}

function keyOf(atom: Atom): string {
  switch (atom.kind) {
    case 'bound':
      return `bound ${atom.operator} ${atom.value.id} ${numberId(atom.number)} ${atom.at}`;
    case 'within':
      return `within ${atom.value.id} ${numberId(atom.centre)} ${numberId(atom.width)} ${atom.inclusive} ${atom.at}`;
    case 'pair':
      return `pair ${atom.left.id} ${atom.operator} ${atom.right.id} ${atom.at}`;
    case 'equals':
      return `equals ${atom.value.id} ${atom.text}`;
    case 'exists':
      return `exists ${atom.root}`;
    case 'fact':
      return `fact ${atom.value?.id ?? ''} ${atom.text}`;
  }
}
