/**
 * What calib knows about one Python file, as plain values: `src/python` reads them from the syntax tree, the rules of
 * discovery work on them. Lines and columns count from 1; a column counts characters, a byte-order mark not among them.
 * Byte offsets count in the UTF-8 file, a byte-order mark included.
 */
export interface SourcePosition {
  line: number;
  column: number;
}

export interface SourceSpan extends SourcePosition {
  startByte: number;
  endByte: number;
}

/** An optionally signed numeric literal; `text` is the token as written, sign included. */
export interface NumberValue {
  kind: 'number';
  text: string;
  value: number;
  isInteger: boolean;
}

export interface DictionaryValue {
  kind: 'dictionary';
  entries: OuterEntry[];
  /** The display contains `**other`, so its keys are not all visible. */
  hasSplat: boolean;
}

/** `text` is the beginning of the expression, for messages. */
export interface OpaqueValue {
  kind: 'boolean' | 'none' | 'string' | 'collection' | 'computed';
  text: string;
  /** String keys of dictionary displays somewhere inside the expression, such as in a call around a speed dict. */
  keys: string[];
}

export type ConstantValue = NumberValue | DictionaryValue | OpaqueValue;

/** One pair of a dictionary display; `inner` is null when its value is not a dictionary display. */
export interface OuterEntry extends SourcePosition {
  key: DictionaryKey;
  inner: InnerEntry[] | null;
  innerHasSplat: boolean;
  /** String keys with a value that stand at another level than a metric's: see {@link StrayKey}. */
  stray: StrayKey[];
}

/**
 * A string key that is not the key of an inner dictionary display, so that its value is no threshold: of a flat
 * dictionary, of a third level, or inside an expression that makes the inner dictionary.
 */
export interface StrayKey extends SourcePosition {
  key: string;
  where: 'flat' | 'deeper' | 'computed';
}

export type DictionaryKey =
  | { kind: 'integer'; value: number }
  | { kind: 'name'; name: string }
  | { kind: 'other'; text: string };

/** One pair of an inner dictionary whose key is a string literal. */
export interface InnerEntry extends SourceSpan {
  key: string;
  value: ConstantValue;
}

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
  value: ConstantValue;
  /** Where the value stands; for a number, the literal token. */
  valueSpan: SourceSpan;
}

/** Something that reads like a constant of the module and is none: a local name, or an annotation without a value. */
export interface Aside extends SourcePosition {
  name: string;
  /** `class Limits`, `function run`; null for an annotation at module level that gives no value. */
  scope: string | null;
  value: ConstantValue;
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
  asides: Aside[];
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
