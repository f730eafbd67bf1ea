import type { PlacedLiteral } from '../places/list-literals.ts';
import type { LiteralTree } from '../places/literal-tree.ts';
import type { SourcePosition, SourceSpan } from '../places/source-position.ts';

export type { SourcePosition, SourceSpan };

/*
 * What calib knows about one Python file, as plain values: `src/python` reads them from the syntax tree, discovery works on
 * them.
 */

/**
 * How a module-level name gets its value. Only `plain` and `annotated` make a constant; the others are
 * kept because a threshold that they touch must be reported, never silently dropped.
 */
export type AssignmentForm =
  | 'plain'
  | 'annotated'
  | 'tuple'
  | 'augmented'
  | 'item'
  | 'conditional'
  | 'walrus'
  | 'imported'
  /** `del`: the name has no value any more. */
  | 'deleted'
  /** `global` in a function, which then sets the name when it is called. */
  | 'global'
  /** The target of a loop, a `with`, an `except` or a definition. */
  | 'rebound';

export interface Assignment {
  name: string;
  form: AssignmentForm;
  /** Where the name stands. */
  target: SourcePosition;
  value: LiteralTree;
  /** Where the value stands; for a number, the literal token. */
  valueSpan: SourceSpan;
  /** Other targets of a chained assignment (`A = B = 0.5`), as written: one literal is the value of them all. */
  sharedWith?: string[];
  /** The branch of an `if` statement that makes this assignment; absent for any other, also in a loop or a `try`. */
  branch?: AssignmentBranch;
}

/** Labels from the outermost `if` statement inwards, as in a place: `['else', 'if']`. */
export interface AssignmentBranch {
  labels: string[];
  /** What the innermost branch asks; empty for an `else`. */
  condition: string;
  /** Where the outermost statement starts: assignments with the same start exclude each other. */
  statement: number;
}

/** Something that reads like a constant of the module and is none: a local name, or an annotation without a value. */
export interface Aside extends SourcePosition {
  name: string;
  /** `class Limits`, `function run`; null for an annotation at module level that gives no value. */
  scope: string | null;
  value: LiteralTree;
}

/** A number that could be a gate without being a constant of the module. */
export interface OtherNumber extends SourcePosition {
  /** The name or the field that it is the value of; `assert` for what an assertion compares with. */
  name: string;
  text: string;
}

/** `from limits import *`: constants that it brings along are not seen. */
export interface WildcardImport extends SourcePosition {
  module: string;
}

export type ContextKeyword = 'max_samples' | 'max_tokens' | 'max_new_tokens' | 'max_concurrency';

/** A keyword argument that says under what conditions a test runs. */
export interface ContextBinding {
  keyword: ContextKeyword;
  /** The constant that is passed; null when a literal is. */
  name: string | null;
  /** The number as written, also when it is reached through the constant; null when it is not a plain literal. */
  literal: string | null;
  line: number;
}

/** A module-level function that takes `tmp_path`. */
export interface TmpPathFunction {
  name: string;
  /** The literal of the first `tmp_path / "<literal>"`; null when there is none. */
  directory: string | null;
}

export interface SourceFacts {
  assignments: Assignment[];
  /** Every literal that a place can lead to, source order. */
  literals: PlacedLiteral[];
  /** The integer that `CONCURRENCY` certainly is; null without one. */
  concurrency: number | null;
  /** Texts that stand as defaults of environment variables: `os.environ.get("DEVICE", "H200")`. */
  environmentDefaults: { variable: string; text: string }[];
  asides: Aside[];
  /** Numbers of the module that no constant holds, source order, a bounded number of them. */
  otherNumbers: OtherNumber[];
  wildcardImports: WildcardImport[];
  contextBindings: ContextBinding[];
  tmpPathFunctions: TmpPathFunction[];
  /** Names of all module-level functions called `test…`. */
  testFunctions: string[];
  /** Last components of module-level `from benchmarks.eval.<…> import …`, source order. */
  benchmarkModules: string[];
  /** Constants that are handed to `min()` or `max()` as they are. */
  cappingNames: string[];
}

/** `_?[A-Z][A-Z0-9_]*`, whole name: at most one leading underscore. */
export function isConstantName(name: string): boolean {
  return /^_?[A-Z][A-Z0-9_]*$/.test(name);
}

/** Whether the assignment makes a constant in the sense of discovery: a module-level name bound to a literal. */
export function isConstant(assignment: Assignment): boolean {
  return assignment.form === 'plain' || assignment.form === 'annotated';
}

/** Of a file that holds no code. */
export const noFacts: SourceFacts = {
  assignments: [],
  literals: [],
  concurrency: null,
  environmentDefaults: [],
  asides: [],
  otherNumbers: [],
  wildcardImports: [],
  contextBindings: [],
  tmpPathFunctions: [],
  testFunctions: [],
  benchmarkModules: [],
  cappingNames: [],
};
