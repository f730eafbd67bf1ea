import type { RuleDecision } from '../../../domain/gates/rule.ts';
import { impossible, type Formula } from './formula.ts';
import type { Path } from './path.ts';
import type { Expr, Stmt } from '../syntax/syntax.ts';
import type { ModuleState, Scope, Value } from './values.ts';

/** A way out of a test with a failure. */
export interface Failure {
  /** Conditions in force, oldest first. */
  conditions: Formula;
  decisions: readonly RuleDecision[];
  at: string;
  /** Calls that led there, outermost first, as `file:line`. */
  calls: readonly string[];
}

export interface RaisedException {
  /** Names of the class and of its bases, as far as they are known. */
  names: readonly string[];
  conditions: Formula;
  path: Path | null;
  value: Value;
}

/** A `try` that is being run, or a place where failures are expected. */
export interface Catcher {
  raised: RaisedException[];
  birth: Path | null;
}

/** How a statement left: conditions under which the rest of the block is not reached. */
export interface Flow {
  returned: Formula;
  broken: Formula;
  continued: Formula;
  /** Nothing gets past the statement. */
  dead: boolean;
}

export const throwIfCancelled: Flow = {
  returned: impossible,
  broken: impossible,
  continued: impossible,
  dead: false,
};

export interface Frame {
  scope: Scope;
  module: ModuleState;
  /** What `return` gave, with the conditions, oldest first. */
  returns: { condition: Formula; value: Value }[];
  birth: Path | null;
  /** What `yield` gave, for generators and fixtures. */
  onYield: ((value: Value) => Value) | null;
  /** Arguments of `super()`. */
  owner: { self: Value; class: Extract<Value, { type: 'class' }> } | null;
}

/** What the rules of the interpreter call back into; set once by `createInterpreter`. */
export interface Rules {
  evaluate: (expr: Expr, frame: Frame) => Value;
  execute: (statements: readonly Stmt[], frame: Frame) => Flow;
  assign: (target: Expr, value: Value, frame: Frame) => void;
  call: (callee: Value, call: CallArguments) => Value;
  /** The module of a dotted path, run; null when the repository has none. */
  importModule: (path: string, at: string) => ModuleState | null;
  runModule: (module: ModuleState) => void;
  /** The value of a name of a module. */
  importedName: (module: ModuleState, name: string, at: string) => Value;
}

export interface CallArguments {
  values: Value[];
  named: Map<string, Value>;
  at: string;
  /** Of the caller; null for calls that no code of the suite makes. */
  frame: Frame | null;
}

/** Thrown inside the interpreter when a bound is reached; what was computed there is unknown. */
export class OutOfBudget extends Error {
  override name = 'OutOfBudget';
}

export interface Limits {
  /** Steps for one test with all that it calls. */
  steps: number;
  /** Steps for all tests of a file together; what comes after is unread. */
  stepsPerFile: number;
  /** Steps for one call of a function. */
  stepsPerCall: number;
  depth: number;
  /** Nodes of a rule. */
  ruleSize: number;
  /** Elements that a loop or a comprehension may have. */
  elements: number;
}

export const defaultLimits: Limits = {
  steps: 100_000,
  stepsPerCall: 60_000,
  stepsPerFile: 600_000,
  depth: 40,
  ruleSize: 400,
  elements: 2000,
};
