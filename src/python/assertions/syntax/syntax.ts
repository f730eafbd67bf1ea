/**
 * Python's statements and expressions as plain objects: what the interpreter of the reader walks. A small mirror of
 * Python's own abstract syntax, made once per function from the concrete tree, because asking the tree crosses into
 * native code at each question.
 */
export interface Placed {
  /** From 1. */
  line: number;
}

export interface NumberToken {
  value: number;
  isInteger: boolean;
  /** UTF-16 offsets of the token, a sign not included. */
  start: number;
  end: number;
}

export interface Argument {
  /** `name=value`; null for a positional one. */
  name: string | null;
  star: '' | '*' | '**';
  value: Expr;
}

export interface Clause {
  target: Expr;
  iterable: Expr;
  conditions: Expr[];
}

export interface Parameter {
  name: string;
  kind: 'plain' | 'keyword' | 'rest' | 'keywords';
  default: Expr | null;
}

export type BinaryOperator = '+' | '-' | '*' | '/' | '//' | '%' | '**' | '|' | '&' | '^' | '<<' | '>>' | '@';

export type ComparisonOperator = '<' | '<=' | '>' | '>=' | '==' | '!=' | 'is' | 'is not' | 'in' | 'not in';

export type Expr = Placed &
  (
    | { kind: 'number'; token: NumberToken }
    | { kind: 'string'; value: string; start: number; end: number }
    /** A string that is put together at run time. */
    | { kind: 'text'; parts: Expr[] }
    | { kind: 'boolean'; value: boolean }
    | { kind: 'none'; start: number; end: number }
    | { kind: 'name'; name: string }
    | { kind: 'attribute'; object: Expr; name: string }
    | { kind: 'subscript'; object: Expr; index: Expr }
    | { kind: 'slice'; parts: (Expr | null)[] }
    | { kind: 'call'; callee: Expr; arguments: Argument[] }
    | { kind: 'binary'; operator: BinaryOperator; left: Expr; right: Expr }
    | { kind: 'unary'; operator: '-' | '+' | '~'; operand: Expr }
    | { kind: 'logical'; operator: 'and' | 'or'; left: Expr; right: Expr }
    | { kind: 'not'; operand: Expr }
    | {
        kind: 'comparison';
        first: Expr;
        rest: { operator: ComparisonOperator; operand: Expr; line: number }[];
      }
    | { kind: 'conditional'; test: Expr; met: Expr; otherwise: Expr }
    | { kind: 'lambda'; parameters: Parameter[]; body: Expr }
    | { kind: 'sequence'; form: 'list' | 'tuple' | 'set'; items: Expr[] }
    | { kind: 'dictionary'; entries: { key: Expr | null; value: Expr }[] }
    | { kind: 'comprehension'; form: 'list' | 'set' | 'generator'; element: Expr; clauses: Clause[] }
    | { kind: 'mapping'; key: Expr; value: Expr; clauses: Clause[] }
    | { kind: 'await'; operand: Expr }
    | { kind: 'walrus'; name: string; value: Expr }
    | { kind: 'star'; operand: Expr }
    | { kind: 'yield'; value: Expr | null; from: boolean }
    /** Nothing that the reader knows. */
    | { kind: 'other'; reason: string }
  );

export interface FunctionSyntax extends Placed {
  name: string;
  parameters: Parameter[];
  decorators: Expr[];
  isAsync: boolean;
  /** Converted when it is first run. */
  body: () => Stmt[];
  /** Whether a `yield` stands in the body itself. */
  isGenerator: () => boolean;
}

export interface ClassSyntax extends Placed {
  name: string;
  bases: Argument[];
  decorators: Expr[];
  body: () => Stmt[];
}

export interface Handler extends Placed {
  /** Null for a bare `except`. */
  type: Expr | null;
  name: string | null;
  body: Stmt[];
}

export type Stmt = Placed &
  (
    | { kind: 'expression'; value: Expr }
    | { kind: 'assign'; targets: Expr[]; value: Expr | null; annotation: string | null }
    | { kind: 'augmented'; target: Expr; operator: BinaryOperator; value: Expr }
    | { kind: 'return'; value: Expr | null }
    | { kind: 'raise'; value: Expr | null }
    | { kind: 'assert'; test: Expr }
    | { kind: 'if'; branches: { test: Expr; body: Stmt[] }[]; otherwise: Stmt[] }
    | { kind: 'for'; target: Expr; iterable: Expr; body: Stmt[]; otherwise: Stmt[] }
    | { kind: 'while'; test: Expr; body: Stmt[]; otherwise: Stmt[] }
    | { kind: 'try'; body: Stmt[]; handlers: Handler[]; otherwise: Stmt[]; finally: Stmt[] }
    | { kind: 'with'; items: { context: Expr; target: Expr | null }[]; body: Stmt[] }
    | { kind: 'function'; definition: FunctionSyntax }
    | { kind: 'class'; definition: ClassSyntax }
    | { kind: 'import'; modules: { path: string; alias: string | null }[] }
    | {
        kind: 'import-from';
        /** Dots in front. */
        level: number;
        path: string;
        names: { name: string; alias: string }[];
        star: boolean;
      }
    | { kind: 'global'; names: string[] }
    | { kind: 'delete'; targets: Expr[] }
    | { kind: 'pass' | 'break' | 'continue' }
    | { kind: 'other'; reason: string }
  );

/** Nodes nested deeper than this are not followed: nobody writes such an expression by hand. */
export const maxDepth = 120;
