import type { PlaceKey } from './place.ts';
import type { SourcePosition, SourceSpan } from './source-position.ts';

/** An optionally signed numeric literal; `text` is the token as written, sign included. */
export interface NumberTree extends SourceSpan {
  kind: 'number';
  text: string;
  value: number;
  isInteger: boolean;
  /** The environment variable that this is the default of: the literal is only the value where nothing sets it. */
  variable?: string;
  /** The number stands in quotes, which are not part of the span, and must stay readable as this kind of text. */
  quoted?: 'float' | 'int';
}

/** `None` or `null`: a threshold that is still to be calibrated. */
export interface NoneTree extends SourceSpan {
  kind: 'none';
  text: string;
}

/** A dictionary display, `dict(a=…)`, or a map of a data file. */
export interface TableTree extends SourcePosition {
  kind: 'dictionary';
  rows: TableRow[];
  /** Contains `**other`, so that its keys are not all visible. */
  hasSplat: boolean;
  /** A data file's map takes entries from another (`<<`). */
  isMerged?: true;
}

export interface TableRow extends SourcePosition {
  /** Null for a key that cannot be told without running the source. */
  key: PlaceKey | null;
  /** The key as written, shortened. */
  keyText: string;
  value: LiteralTree;
}

/** A list or tuple; the values of `pytest.param(…)`. */
export interface SequenceTree extends SourcePosition {
  kind: 'collection';
  items: LiteralTree[];
  /** Contains `*other`, or is a set: its items have no certain index. */
  hasSplat: boolean;
}

/** An instance: a call of a class with its arguments, or a class with the defaults of its attributes. */
export interface RecordTree extends SourcePosition {
  kind: 'record';
  /** The class, dotted as written. */
  type: string;
  fields: RecordField[];
  /** Contains `**other` or `*other`. */
  hasSplat: boolean;
  /** Values given by their order; what stays here has no known field, because the class is not defined in this file. */
  positional: LiteralTree[];
}

export interface RecordField {
  name: string;
  value: LiteralTree;
  /** Why this value is not certain: set twice, set conditionally. */
  doubt: string | null;
}

/** A value that a condition chooses. */
export interface ChoiceTree extends SourcePosition {
  kind: 'choice';
  branches: { label: string; condition: string; value: LiteralTree }[];
}

/** `text` is the beginning of the expression, for messages. */
export interface OpaqueTree extends SourcePosition {
  kind: 'boolean' | 'string' | 'computed';
  text: string;
  /** String keys of dictionary displays somewhere inside the expression, such as in a call around a speed dict. */
  keys: string[];
}

/** What stands on the right of an assignment or in a data file, as far as places lead into it. */
export type LiteralTree =
  | NumberTree
  | NoneTree
  | TableTree
  | SequenceTree
  | RecordTree
  | ChoiceTree
  | OpaqueTree;

/** What a value is, for messages. */
export const kindWords: Readonly<Record<LiteralTree['kind'], string>> = {
  number: 'a number',
  dictionary: 'a dictionary',
  boolean: 'a boolean',
  none: 'None',
  string: 'a string',
  collection: 'a collection',
  record: 'an object',
  choice: 'chosen by a condition',
  computed: 'computed',
};

/** A value in a message: what it is, or how it is written where that says more. */
export function describeTree(tree: LiteralTree): string {
  switch (tree.kind) {
    case 'boolean':
    case 'string':
    case 'computed':
    case 'none':
      return `\`${tree.text}\``;
    case 'choice':
      return `${kindWords.choice} (${tree.branches.map(describeBranch).join(', ')})`;
    default:
      return kindWords[tree.kind];
  }
}

/** A branch as it is selected, with what it holds: `@else: 98.0`. */
export function describeBranch(branch: ChoiceTree['branches'][number]): string {
  const { label, condition, value } = branch;
  const text = value.kind === 'number' ? value.text : describeTree(value);
  return `@${label}: ${text}${condition === '' ? '' : ` where ${condition}`}`;
}

/** A YAML or JSON file that was read as a whole. */
export interface DataFile {
  tree: LiteralTree;
  /** Why a literal cannot be replaced although it can be read, by its first byte. */
  obstacles: ReadonlyMap<number, string>;
}
