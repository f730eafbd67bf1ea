import type { RuleDecision } from '../../../domain/gates/rule.ts';
import type { LiteralOrigin, ModuleSource, NumberValue, StringValue, UnknownValue } from './unknown.ts';
import type { Formula } from './formula.ts';
import type { Path } from './path.ts';
import type { ClassSyntax, FunctionSyntax, Parameter, Expr } from '../syntax/syntax.ts';

export type {
  LiteralOrigin,
  ModuleSource,
  NumberValue,
  StringValue,
  UnknownRoot,
  UnknownValue,
  ValueStep,
} from './unknown.ts';

/** What a name can stand for while the reader interprets a suite. */
export type Value =
  | NumberValue
  | { type: 'boolean'; value: boolean; decisions: readonly RuleDecision[] }
  | { type: 'none'; origin: LiteralOrigin | null }
  | StringValue
  | SequenceValue
  | DictionaryValue
  | FunctionValue
  | BoundValue
  | ClassValue
  | InstanceValue
  | ModuleValue
  | ExternalValue
  | BuiltinValue
  | UnknownValue
  | ConditionValue
  | EitherValue
  | ApproximationValue
  | LazyValue
  /** What no way through the suite leads to. */
  | { type: 'never' };

/** A name of a module that is run only if somebody asks for it. */
export interface LazyValue {
  type: 'lazy';
  module: ModuleState;
  name: string;
  at: string;
}

export interface Item {
  value: Value;
  /** When it is in the list at all. */
  guard: Formula;
}

interface Mutable {
  /** What was known when the object came to be; later changes are held against it. */
  birth: Path | null;
  /** Why nothing certain can be read from it any more. */
  lost: string | null;
}

export interface SequenceValue extends Mutable {
  type: 'sequence';
  form: 'list' | 'tuple' | 'set';
  items: Item[];
  /** Field names of a named tuple. */
  fields: readonly string[] | null;
}

export interface DictionaryEntry {
  key: Value;
  value: Value;
}

export interface DictionaryValue extends Mutable {
  type: 'dictionary';
  entries: Map<string, DictionaryEntry>;
  /** `defaultdict`. */
  factory: Value | null;
}

export interface Scope extends Mutable {
  variables: Map<string, Value>;
  parent: Scope | null;
  module: ModuleState;
  /** Names that belong to the module or to an outer function. */
  outer: Set<string>;
  /** `class` bodies are no enclosing scope for the functions in them. */
  isClass: boolean;
}

export interface ModuleState extends ModuleSource {
  name: string;
  scope: Scope;
  state: 'new' | 'running' | 'done';
  isPackage: boolean;
  /** Run only if one of its names is asked for: code that is under test, not part of the tests. */
  isLazy: boolean;
  /** A star import from outside of the repository: what it binds is unknown. */
  starred: string | null;
}

export interface FunctionValue {
  type: 'function';
  name: string;
  parameters: readonly Parameter[];
  /** Values of the defaults, by parameter. */
  defaults: ReadonlyMap<string, Value>;
  scope: Scope;
  body: { kind: 'statements'; definition: FunctionSyntax } | { kind: 'expression'; value: Expr };
  /** The class in whose body it is defined. */
  owner: ClassValue | null;
  role: 'function' | 'static' | 'class' | 'property' | 'context';
  line: number;
  isFixture: boolean;
  /** The function whose signature it took over (`functools.wraps`). */
  wrapped: FunctionValue | null;
}

export interface BoundValue {
  type: 'bound';
  self: Value;
  target: Value;
}

export interface ClassValue {
  type: 'class';
  name: string;
  bases: Value[];
  scope: Scope;
  definition: ClassSyntax | null;
  form: 'plain' | 'dataclass' | 'namedtuple' | 'enum';
  /** Fields of data classes and named tuples, in order. */
  fields: { name: string; default: Value | null; factory: Value | null }[];
  module: ModuleState;
}

export interface InstanceValue extends Mutable {
  type: 'instance';
  class: ClassValue;
  attributes: Map<string, Value>;
}

export interface ModuleValue {
  type: 'module';
  module: ModuleState;
}

/** Something outside of the repository, by its dotted name. */
export interface ExternalValue {
  type: 'external';
  name: string;
}

export interface BuiltinValue {
  type: 'builtin';
  name: string;
  self: Value | null;
  /** Arguments that are bound already (`functools.partial`). */
  bound: { values: Value[]; named: Map<string, Value> } | null;
}

/** A boolean that only a run would know. */
export interface ConditionValue {
  type: 'condition';
  formula: Formula;
}

/** One of two values, depending on a condition. */
export interface EitherValue {
  type: 'either';
  condition: Formula;
  met: Value;
  otherwise: Value;
  /** The condition selects a row: it stays, even where no other row is possible. */
  selects?: boolean;
}

/** `pytest.approx(…)`. */
export interface ApproximationValue {
  type: 'approximation';
  centre: Value;
  relative: Value | null;
  absolute: Value | null;
  at: string;
}

export const never: Value = { type: 'never' };
export const none: Value = { type: 'none', origin: null };

export function booleanValue(value: boolean, decisions: readonly RuleDecision[] = []): Value {
  return { type: 'boolean', value, decisions };
}

export function plainNumber(value: number, isInteger = true): NumberValue {
  return { type: 'number', value, isInteger, rule: { kind: 'number', value, isInteger }, size: 1 };
}

export function stringValue(value: string): StringValue {
  return { type: 'string', value, origin: null };
}
