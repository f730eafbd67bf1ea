import {
  defaultLimits,
  OutOfBudget,
  type Catcher,
  type Failure,
  type Limits,
  type Rules,
} from './machine-types.ts';
import type { RuleDecision, RuleNode } from '../../../domain/gates/rule.ts';
import type { PythonNumber, PythonOperation } from '../../../domain/numbers/python-arithmetic.ts';
import { applyPython } from '../../../domain/numbers/python-arithmetic.ts';
import { always, Formulas, impossible, type Formula } from './formula.ts';
import { PathConditions, type Path } from './path.ts';
import {
  type EitherValue,
  type FunctionValue,
  type LazyValue,
  type LiteralOrigin,
  type NumberValue,
  type UnknownRoot,
  type UnknownValue,
  type Value,
  type ValueStep,
} from './values.ts';

/** State of one analysis. */
export class Machine {
  readonly formulas = new Formulas();
  readonly path = new PathConditions();
  readonly limits: Limits;
  rules!: Rules;
  steps = 0;
  stepLimit: number;
  depth = 0;
  decisions: readonly RuleDecision[] = [];
  catchers: Catcher[] = [];
  calls: string[] = [];
  failures: Failure[] = [];
  /** Literals that went where the reader cannot follow, by rule node. */
  readonly swallowed = new Map<RuleNode, { reason: string; at: string }>();
  /** Places whose value is `None` and that were asked for it. */
  readonly inactive = new Map<string, { origin: LiteralOrigin; at: string }>();
  readonly notes: { reason: string; at: string }[] = [];
  /** By id of a count: when it is more than 0. */
  readonly counts = new Map<number, Formula>();
  /** How often a function is being run at present. */
  readonly running = new Map<FunctionValue, number>();
  /** Environment variables that the suite sets itself. */
  readonly environment = new Map<string, Value>();
  /** `request.param`, by the id of `request`. */
  readonly parameters = new Map<number, Value>();
  readonly #members = new Map<string, UnknownValue>();
  readonly #undoes: (() => void)[] = [];
  #nextId = 1;

  constructor(limits: Limits = defaultLimits) {
    this.limits = limits;
    this.stepLimit = limits.steps;
  }

  step(count = 1): void {
    this.steps += count;
    if (this.steps > this.stepLimit) {
      throw new OutOfBudget('more steps than the reader takes');
    }
  }

  note(reason: string, at: string): void {
    if (this.notes.length < 200) {
      this.notes.push({ reason, at });
    }
  }

  unknown(root: Partial<UnknownRoot> & { name: string; at: string }): UnknownValue {
    const id = this.#nextId;
    this.#nextId += 1;
    const full: UnknownRoot = { kind: 'measured', fallback: null, reason: null, swallowed: [], ...root, id };
    for (const number of full.swallowed) {
      this.swallow(number, full.reason ?? `it goes into ${full.name}, which is not followed`, full.at);
    }
    return { type: 'unknown', id, root: full, path: [], steps: [] };
  }

  /** The same question always gives the same unknown: what is known of it in one place counts in another. */
  named(key: string, root: Partial<UnknownRoot> & { name: string; at: string }): UnknownValue {
    return this.#interned(key, () => this.unknown(root));
  }

  member(value: UnknownValue, segment: string): UnknownValue {
    return this.#interned(`${value.id} . ${segment}`, (id) => ({
      ...value,
      id,
      path: value.steps.length > 0 ? [...value.path, '…', segment] : [...value.path, segment].slice(-20),
      steps: [],
    }));
  }

  stepped(value: UnknownValue, step: ValueStep): UnknownValue {
    if (value.steps.length >= 20) {
      return this.unknown({ name: value.root.name, at: step.at, reason: 'too many steps on the value' });
    }
    const by = step.by === null ? '' : `${step.by.value}`;
    return this.#interned(`${value.id} ${step.kind} ${by} ${step.at}`, (id) => ({
      ...value,
      id,
      steps: [...value.steps, step],
    }));
  }

  #interned(key: string, make: (id: number) => UnknownValue): UnknownValue {
    const known = this.#members.get(key);
    if (known !== undefined) {
      return known;
    }
    const id = this.#nextId;
    this.#nextId += 1;
    const made = make(id);
    this.#members.set(key, made);
    return made;
  }

  swallow(number: NumberValue, reason: string, at: string): void {
    if (number.rule.kind !== 'number' && !this.swallowed.has(number.rule)) {
      this.swallowed.set(number.rule, { reason, at });
    }
  }

  /** A value that depends on a condition, as simple as it can be said. */
  either(condition: Formula, met: Value, otherwise: Value, selects = false): Value {
    const settled = this.path.settle(condition);
    if (settled !== null) {
      return settled ? met : otherwise;
    }
    return this.either2(condition, met, otherwise, selects);
  }

  choose(condition: Formula, met: Formula, otherwise: Formula): Formula {
    return this.formulas.choice(condition, met, otherwise);
  }

  condition(formula: Formula): Value {
    return formula.kind === 'true' || formula.kind === 'false'
      ? { type: 'boolean', value: formula.kind === 'true', decisions: [] }
      : { type: 'condition', formula };
  }

  /** The value as far as the conditions in force settle it. */
  resolve(value: Value): Exclude<Value, LazyValue> {
    let current = value;
    for (;;) {
      if (current.type === 'lazy') {
        current = this.rules.importedName(current.module, current.name, current.at);
        continue;
      }
      if (current.type !== 'either') {
        return current;
      }
      const settled = this.path.settle(current.condition);
      if (settled === null) {
        return current;
      }
      current = settled ? current.met : current.otherwise;
    }
  }

  /** Applies a function to each of the values that a value may be. */
  map(value: Value, action: (value: Exclude<Value, EitherValue | LazyValue>) => Value): Value {
    const resolved = this.resolve(value);
    if (resolved.type !== 'either') {
      return action(resolved);
    }
    this.step();
    const met = this.under(resolved.condition, () => this.map(resolved.met, action));
    const otherwise = this.under(this.formulas.not(resolved.condition), () =>
      this.map(resolved.otherwise, action),
    );
    return this.either(resolved.condition, met, otherwise, resolved.selects === true);
  }

  under<Result>(condition: Formula, action: () => Result): Result {
    const { depth } = this.path;
    this.path.push(condition);
    try {
      return action();
    } finally {
      this.path.popTo(depth);
    }
  }

  /** The conditions that were added since then, as one formula. */
  guardSince(birth: Path | null): Formula {
    return this.path.current === birth ? always : this.formulas.and(this.path.since(birth), true);
  }

  /** A value written now into something that is as old as `birth`. */
  guarded(birth: Path | null, value: Value, before: Value): Value {
    const guard = this.guardSince(birth);
    return guard.kind === 'true' ? value : this.either2(guard, value, before);
  }

  /** As `either`, for a condition that holds now: the other value stays for when it no longer does. */
  either2(condition: Formula, met: Value, otherwise: Value, selects = false): Value {
    if (met.type === 'never' || same(met, otherwise)) {
      return otherwise;
    }
    const isLast = otherwise.type === 'never';
    if (isLast && !selects) {
      return met;
    }
    // Of a row that is not selected nothing is asserted.
    const [first, second] = [truthOf(met), isLast ? always : truthOf(otherwise)];
    if (first !== null && second !== null) {
      return this.condition(this.choose(condition, first, second));
    }
    this.step();
    return selects
      ? { type: 'either', condition, met, otherwise, selects }
      : { type: 'either', condition, met, otherwise };
  }

  /** A number computed from others; null where Python's result is not certain. */
  compute(
    operation: PythonOperation,
    operands: readonly NumberValue[],
    place: { at: string; label?: string },
  ): NumberValue | null {
    this.step();
    const result = applyPython(operation, operands);
    const size = operands.reduce((total, operand) => total + operand.size, 1);
    if (result === null || size > this.limits.ruleSize) {
      return null;
    }
    return {
      type: 'number',
      ...asNumber(result),
      rule: ruleOf(operation, operands, { ...place, result }),
      size,
    };
  }

  /** A number read while comparisons of literals decided the way: the rule says so. */
  decided(value: Value, at: string): Value {
    if (this.decisions.length === 0 || value.type !== 'number') {
      return value;
    }
    const { rule } = value;
    if (rule.kind === 'branch' && rule.decisions === this.decisions) {
      return value;
    }
    const decisions = [...this.decisions];
    return { ...value, rule: { kind: 'branch', at, decisions, taken: rule }, size: value.size + 1 };
  }

  /** Remembers how to take back what holds for one test only. */
  later(action: () => void): void {
    this.#undoes.push(action);
  }

  /** Takes back what the test patched. */
  undo(): void {
    for (let action = this.#undoes.pop(); action !== undefined; action = this.#undoes.pop()) {
      action();
    }
  }

  fail(at: string): void {
    if (this.failures.length < 5000) {
      const conditions = this.guardSince(null);
      this.failures.push({ conditions, decisions: this.decisions, at, calls: [...this.calls] });
    }
  }

  /** An exception leaves: the nearest `try` may catch it, else the test fails. */
  raise(names: readonly string[], value: Value, at: string): void {
    const catcher = this.catchers.at(-1);
    if (catcher === undefined) {
      if (!names.includes('Skipped')) {
        this.fail(at);
      }
      return;
    }
    const conditions = this.guardSince(catcher.birth);
    catcher.raised.push({ names, conditions, path: this.path.current, value });
  }
}

function asNumber({ value, isInteger }: PythonNumber): { value: number; isInteger: boolean } {
  return { value, isInteger };
}

function ruleOf(
  operation: PythonOperation,
  operands: readonly NumberValue[],
  place: { at: string; label?: string; result: PythonNumber },
): RuleNode {
  if (operands.every(({ rule }) => rule.kind === 'number')) {
    return { kind: 'number', ...asNumber(place.result) };
  }
  const label = place.label === undefined ? {} : { label: place.label };
  return { kind: 'apply', operation, at: place.at, operands: operands.map(({ rule }) => rule), ...label };
}

/** The formula of a value that is true or false; null for other values, and for one that literals decided. */
export function truthOf(value: Value): Formula | null {
  if (value.type === 'boolean') {
    return value.value ? always : impossible;
  }
  return value.type === 'condition' ? value.formula : null;
}

export function same(left: Value, right: Value): boolean {
  if (left === right) {
    return true;
  }
  switch (left.type) {
    case 'number':
      return right.type === 'number' && left.rule === right.rule;
    case 'unknown':
      return right.type === 'unknown' && left.id === right.id;
    case 'string':
      return right.type === 'string' && left.value === right.value;
    case 'none':
    case 'never':
      return right.type === left.type;
    case 'boolean':
      return right.type === 'boolean' && left.value === right.value;
    case 'condition':
      return right.type === 'condition' && left.formula.id === right.formula.id;
    case 'external':
      return right.type === 'external' && left.name === right.name;
    default:
      return false;
  }
}
