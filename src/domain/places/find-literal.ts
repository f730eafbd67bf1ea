import { formatDataPath, formatKey, formatStep } from './format-place.ts';
import {
  describeTree,
  type LiteralTree,
  type RecordTree,
  type SequenceTree,
  type TableTree,
} from './literal-tree.ts';
import type { PlaceKey, PlaceStep } from './place.ts';
import type { SourcePosition, SourceSpan } from './source-position.ts';

/** Line and column count from 1; the byte range in the UTF-8 file is that of the token alone. */
export interface FoundLiteral extends SourceSpan {
  kind: 'found';
  /** The signed number token as written; `None` or `null` where the value is still to be calibrated. */
  text: string;
  /** Null for `None` and `null`. */
  value: number | null;
  isInteger: boolean;
  /** The environment variable that this is the default of; null for any other literal. */
  variable: string | null;
  /** What kind of number the quotes around it must hold; null without quotes. */
  quoted: 'float' | 'int' | null;
}

export interface UnknownLiteral {
  kind: 'unknown';
  reason: string;
  line: number | null;
  column: number | null;
}

/** What a name in a key stands for; null when it is not certain. */
export type NameValue = (name: string) => PlaceKey | null;

export interface LiteralSearch {
  tree: LiteralTree;
  /** What the tree is called in reasons: `_P`, `GATES`, `refs.yaml`. */
  name: string;
  steps: readonly PlaceStep[];
  /** Whether the tree is that of a data file, whose paths are spelt in their own way. */
  isData?: boolean;
  nameValue: NameValue;
}

/**
 * Follows the steps of a place to its number. Whatever is not certainly that number is unknown, with the reason and where
 * the way ends: a key twice, a splat, an expression, a condition without a branch.
 */
export function findLiteral(search: LiteralSearch): FoundLiteral | UnknownLiteral {
  const { steps, nameValue, isData = false } = search;
  let { tree, name } = search;
  for (const step of steps) {
    const next = follow({ tree, name, step, nameValue, reached: childName(name, step, isData) });
    if ('reason' in next) {
      return next;
    }
    tree = next.tree;
    name = next.name;
  }
  if (tree.kind === 'number') {
    const { text, value, isInteger, variable = null, quoted = null } = tree;
    return { kind: 'found', text, value, isInteger, variable, quoted, ...spanOf(tree) };
  }
  if (tree.kind === 'none') {
    const none = { value: null, isInteger: false, variable: null, quoted: null };
    return { kind: 'found', text: tree.text, ...none, ...spanOf(tree) };
  }
  return tree.kind === 'choice'
    ? unknownLiteral(`${name} is ${describeTree(tree)}: select a branch`, tree)
    : unknownLiteral(`${name} is ${describeTree(tree)}, not a ${wanted(tree)}`, tree);
}

function spanOf({ line, column, startByte, endByte }: SourceSpan): SourceSpan {
  return { line, column, startByte, endByte };
}

function wanted(tree: LiteralTree): string {
  return tree.kind === 'dictionary' || tree.kind === 'collection' ? 'number' : 'numeric literal';
}

export function unknownLiteral(reason: string, position: SourcePosition | null): UnknownLiteral {
  return { kind: 'unknown', reason, line: position?.line ?? null, column: position?.column ?? null };
}

interface Followed {
  tree: LiteralTree;
  name: string;
}

interface OneStep {
  tree: LiteralTree;
  name: string;
  step: PlaceStep;
  nameValue: NameValue;
  /** What the part is called that the step leads to. */
  reached: string;
}

function follow(one: OneStep): Followed | UnknownLiteral {
  const { tree, name, step, reached } = one;
  if (tree.kind === 'choice' && step.kind !== 'branch') {
    return unknownLiteral(`${name} is ${describeTree(tree)}: select a branch`, tree);
  }
  switch (step.kind) {
    case 'branch': {
      const branch = tree.kind === 'choice' ? tree.branches.find(({ label }) => label === step.label) : null;
      const labels = tree.kind === 'choice' ? tree.branches.map(({ label }) => `@${label}`).join(', ') : '';
      return branch === undefined || branch === null
        ? unknownLiteral(`${name} has no branch @${step.label} (it has ${labels || 'none'})`, tree)
        : { tree: branch.value, name: reached };
    }
    case 'field':
      return tree.kind === 'record'
        ? fieldOf(tree, { ...one, field: step.name })
        : unknownLiteral(`${name} is ${describeTree(tree)}, not an object with fields`, tree);
    case 'key':
      if (tree.kind === 'dictionary') {
        return rowOf(tree, { ...one, key: step.key });
      }
      return tree.kind === 'collection'
        ? itemOf(tree, { ...one, key: step.key })
        : unknownLiteral(`${name} is not a dictionary display or a list`, tree);
  }
}

function childName(name: string, step: PlaceStep, isData: boolean): string {
  if (!isData) {
    return `${name}${formatStep(step)}`;
  }
  const path = formatDataPath([step]);
  const separator = name.includes('::') ? (path.startsWith('[') ? '' : '.') : '::';
  return `${name}${separator}${path}`;
}

function rowOf(table: TableTree, look: OneStep & { key: PlaceKey }): Followed | UnknownLiteral {
  const { name, key, reached, nameValue } = look;
  if (table.hasSplat) {
    return unknownLiteral(`${name} contains a ** entry`, table.rows[0] ?? table);
  }
  const unreadable = table.rows.find((row) => row.key === null);
  if (unreadable !== undefined) {
    return unknownLiteral(`${name} has a key that cannot be read (${unreadable.keyText})`, unreadable);
  }
  const identity = keyIdentity(key, nameValue);
  const matches = table.rows.filter(
    (row) => row.key !== null && keyIdentity(row.key, nameValue) === identity,
  );
  const [match, second] = matches;
  if (match === undefined) {
    const merged = table.isMerged === true ? '; it takes others over from a merge (<<)' : '';
    return unknownLiteral(`${name} has no key ${formatKey(key)}${keysOf(table)}${merged}`, table);
  }
  return second === undefined
    ? { tree: match.value, name: reached }
    : unknownLiteral(`${name} has the key ${formatKey(key)} more than once`, second);
}

/** Enough to see a misspelling; a long table is cut. */
const shownKeys = 12;

function keysOf({ rows }: TableTree): string {
  const keys = rows.slice(0, shownKeys).map(({ key, keyText }) => (key === null ? keyText : formatKey(key)));
  const more = rows.length > shownKeys ? ', …' : '';
  return keys.length === 0 ? ' (it is empty)' : ` (it has ${keys.join(', ')}${more})`;
}

function itemOf(sequence: SequenceTree, look: OneStep & { key: PlaceKey }): Followed | UnknownLiteral {
  const { name, key, reached } = look;
  if (sequence.hasSplat) {
    return unknownLiteral(
      `${name} is a set or contains a * entry, so its items have no certain index`,
      sequence,
    );
  }
  const item = key.kind === 'integer' ? sequence.items[key.value] : undefined;
  return item === undefined
    ? unknownLiteral(`${name} has no item ${formatKey(key)} (it has ${sequence.items.length})`, sequence)
    : { tree: item, name: reached };
}

function fieldOf(record: RecordTree, look: OneStep & { field: string }): Followed | UnknownLiteral {
  const { name, field, reached } = look;
  if (record.hasSplat) {
    return unknownLiteral(`${name} takes fields from a * or ** argument`, record);
  }
  const [match, second] = record.fields.filter((one) => one.name === field);
  if (match === undefined) {
    const positional =
      record.positional.length > 0
        ? `; ${record.type} is not defined here, so its positional values have no names`
        : '';
    return unknownLiteral(`${name} does not set ${field}${positional}`, record);
  }
  if (second !== undefined || match.doubt !== null) {
    return unknownLiteral(`${reached} ${match.doubt ?? 'is set more than once'}`, match.value);
  }
  return { tree: match.value, name: reached };
}

/** Equal for keys that are equal to Python: `8`, `8.0` and a name bound to 8. */
export function keyIdentity(key: PlaceKey, nameValue: NameValue): string {
  switch (key.kind) {
    case 'string':
      return JSON.stringify(key.value);
    case 'integer':
      return String(key.value);
    case 'float':
      return String(key.value + 0);
    case 'tuple':
      return `(${key.items.map((item) => keyIdentity(item, nameValue)).join(',')})`;
    case 'name': {
      const value = key.name === 'True' ? 1 : key.name === 'False' ? 0 : null;
      const settled = value === null ? nameValue(key.name) : null;
      return value === null
        ? settled === null
          ? `name ${key.name}`
          : keyIdentity(settled, nameValue)
        : String(value);
    }
  }
}
