import type { RuleNode } from '../../../domain/gates/rule.ts';

export interface NumberValue {
  type: 'number';
  value: number;
  isInteger: boolean;
  rule: RuleNode;
  /** Nodes of the rule. */
  size: number;
}

/** Where a `None` stands that takes the place of a number. */
export interface LiteralOrigin {
  module: ModuleSource;
  /** UTF-16 offset. */
  start: number;
  line: number;
}

export interface StringValue {
  type: 'string';
  value: string;
  /** Of the text between the quotes, where the string stands in a file as it is. */
  origin: { module: ModuleSource; start: number; end: number; line: number } | null;
}

/** A file of the repository, for places. */
export interface ModuleSource {
  /** Repository-relative path. */
  path: string;
  text: string;
  /** The literal at a token of the file: one object per token. */
  literal: (token: {
    value: number;
    isInteger: boolean;
    start: number;
    end: number;
    line: number;
  }) => RuleNode;
}

export interface ValueStep {
  kind: 'mul' | 'div' | 'add' | 'sub' | 'rsub' | 'rdiv' | 'neg' | 'abs' | 'round' | 'int' | 'float' | 'other';
  /** The other operand, where it is a number. */
  by: NumberValue | null;
  at: string;
}

/** A value that only a run of the suite would know: a measurement, an answer of the environment. */
export interface UnknownValue {
  type: 'unknown';
  /** Equal values have equal ids. */
  id: number;
  root: UnknownRoot;
  /** Attributes and keys that lead from the root to the value. */
  path: readonly string[];
  steps: readonly ValueStep[];
}

export interface UnknownRoot {
  id: number;
  /** As people would call it: `run_eval()`, `environ['MODEL']`. */
  name: string;
  kind: 'measured' | 'environment' | 'option' | 'item' | 'count' | 'parameter' | 'lost' | 'tensor';
  at: string;
  /** Value without the variable, for an environment variable that has a default. */
  fallback: StringValue | null;
  /** Why it is unknown, for values that the reader could not follow. */
  reason: string | null;
  /** Literals that went into it and can not be followed further. */
  swallowed: readonly NumberValue[];
}
