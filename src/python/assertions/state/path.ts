import type { Formula } from './formula.ts';

/** The conditions under which the interpreter stands where it is, newest first. Shared, never changed. */
export interface Path {
  parent: Path | null;
  condition: Formula;
  depth: number;
}

/**
 * Conditions that hold now, and what they say about single facts, so that a value which depends on a condition can be
 * resolved where the condition is settled.
 */
export class PathConditions {
  current: Path | null = null;
  readonly #facts = new Map<number, boolean>();
  readonly #undo: { id: number; before: boolean | undefined }[] = [];
  readonly #marks: number[] = [];

  push(condition: Formula): void {
    this.#marks.push(this.#undo.length);
    const depth = (this.current?.depth ?? 0) + 1;
    this.current = { parent: this.current, condition, depth };
    this.#learn(condition, true);
  }

  pop(): void {
    const mark = this.#marks.pop() ?? 0;
    while (this.#undo.length > mark) {
      const last = this.#undo.pop();
      if (last !== undefined) {
        if (last.before === undefined) {
          this.#facts.delete(last.id);
        } else {
          this.#facts.set(last.id, last.before);
        }
      }
    }
    this.current = this.current?.parent ?? null;
  }

  get depth(): number {
    return this.current?.depth ?? 0;
  }

  popTo(depth: number): void {
    while (this.depth > depth) {
      this.pop();
    }
  }

  /** Runs something under no conditions at all, as a module body is. */
  aside<Result>(action: () => Result): Result {
    const pushed: Formula[] = [];
    while (this.current !== null) {
      pushed.push(this.current.condition);
      this.pop();
    }
    try {
      return action();
    } finally {
      this.popTo(0);
      for (const condition of pushed.reverse()) {
        this.push(condition);
      }
    }
  }

  /** Conditions added since `birth`, oldest first. */
  since(birth: Path | null): Formula[] {
    const known = new Set<Path>();
    for (let path = birth; path !== null; path = path.parent) {
      known.add(path);
    }
    const found: Formula[] = [];
    for (let path = this.current; path !== null && !known.has(path); path = path.parent) {
      found.push(path.condition);
    }
    return found.reverse();
  }

  /** Whether a formula is settled by what holds now. */
  settle(formula: Formula): boolean | null {
    if (formula.kind === 'true' || formula.kind === 'false') {
      return formula.kind === 'true';
    }
    const fact = this.#facts.get(formula.id);
    if (fact !== undefined) {
      return fact;
    }
    if (this.#facts.size === 0) {
      return null;
    }
    switch (formula.kind) {
      case 'atom':
        return null;
      case 'not': {
        const inner = this.settle(formula.operand);
        return inner === null ? null : !inner;
      }
      case 'choice': {
        const test = this.settle(formula.test);
        return test === null ? null : this.settle(test ? formula.met : formula.otherwise);
      }
      case 'and':
      case 'or':
        return this.#settleList(formula.operands, formula.kind === 'or');
    }
  }

  #settleList(operands: readonly Formula[], decisive: boolean): boolean | null {
    let open = false;
    for (const operand of operands) {
      const settled = this.settle(operand);
      if (settled === decisive) {
        return decisive;
      }
      open ||= settled === null;
    }
    return open ? null : !decisive;
  }

  #learn(formula: Formula, truth: boolean): void {
    if (formula.kind === 'true' || formula.kind === 'false') {
      return;
    }
    this.#undo.push({ id: formula.id, before: this.#facts.get(formula.id) });
    this.#facts.set(formula.id, truth);
    if (formula.kind === 'not') {
      this.#learn(formula.operand, !truth);
    } else if ((formula.kind === 'and' && truth) || (formula.kind === 'or' && !truth)) {
      for (const operand of formula.operands) {
        this.#learn(operand, truth);
      }
    } else if (formula.kind === 'atom' && truth && formula.atom.kind === 'equals') {
      this.#exclude(formula);
    }
  }

  /** One key is chosen: the others are not. */
  #exclude(formula: Extract<Formula, { kind: 'atom' }>): void {
    for (const rival of formula.rivals ?? []) {
      if (rival.id !== formula.id && this.#facts.get(rival.id) === undefined) {
        this.#undo.push({ id: rival.id, before: undefined });
        this.#facts.set(rival.id, false);
      }
    }
  }
}
