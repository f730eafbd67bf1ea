import { countEach } from './count-each.ts';
import { keyIdentity, type NameValue } from './find-literal.ts';
import { appendDataStep, formatPlace, formatStep } from './format-place.ts';
import {
  describeTree,
  type LiteralTree,
  type NoneTree,
  type NumberTree,
  type TableTree,
} from './literal-tree.ts';
import { keyStep, maxPlaceLength, maxPlaceSteps, type Place, type PlaceStep } from './place.ts';
import type { SourcePosition, SourceSpan } from './source-position.ts';

/** One number of a file with the place that leads to it, or why none can be written there. */
export interface PlacedLiteral extends SourceSpan {
  /** As `formatPlace` spells it. */
  place: string;
  /** Other spellings of the same place. */
  aliases?: string[];
  /** The name that says what the number is: the last text key, field or argument on the way; null for a bare name. */
  label: string | null;
  /** The module-level name, the test, or the file that the place begins with. */
  root: string;
  /** As written; `None` or `null` for one that is still to be calibrated. */
  text: string;
  value: number | null;
  isInteger: boolean;
  variable: string | null;
  /** Why it can be neither read for certain nor replaced; null when it can. */
  obstacle: string | null;
}

/** A file has at most this many; more is generated data, not thresholds that people keep. */
export const maxLiterals = 20_000;

/** Looked up once for each constant: searching the list for every one of them takes time by the square of the file. */
export function literalsByRoot(literals: readonly PlacedLiteral[]): Map<string, PlacedLiteral[]> {
  const byRoot = new Map<string, PlacedLiteral[]>();
  for (const literal of literals) {
    const known = byRoot.get(literal.root);
    if (known === undefined) byRoot.set(literal.root, [literal]);
    else known.push(literal);
  }
  return byRoot;
}

export interface LiteralListing {
  tree: LiteralTree;
  /** Where the tree stands. */
  place: Place;
  root: string;
  /** Why nothing in the tree is certain; null when that is decided further down. */
  obstacle: string | null;
  nameValue: NameValue;
}

/**
 * Every number and every `None` of a tree in source order, each with its place. What `findLiteral` would refuse on the
 * way to one is its obstacle, so that a listed literal without an obstacle can be read by its place.
 */
export function listLiterals(listing: LiteralListing): PlacedLiteral[] {
  const found: PlacedLiteral[] = [];
  visit({
    ...listing,
    spelt: formatPlace(listing.place),
    depth: listing.place.steps.length,
    label: null,
    found,
  });
  return found;
}

interface Visit extends LiteralListing {
  /** The place so far; a table has many entries, and each adds one step. */
  spelt: string;
  depth: number;
  label: string | null;
  found: PlacedLiteral[];
}

function visit(one: Visit): void {
  const { tree, depth, found } = one;
  if (depth > maxPlaceSteps || found.length >= maxLiterals) {
    return;
  }
  switch (tree.kind) {
    case 'number':
    case 'none':
      add(one, tree);
      return;
    case 'dictionary':
      visitTable(one, tree);
      return;
    case 'collection': {
      const doubt = tree.hasSplat
        ? 'it stands beside a * entry or in a set, so its index is not certain'
        : null;
      for (const [index, item] of tree.items.entries()) {
        visit(below(one, { step: keyStep(index), tree: item, label: one.label, doubt }));
      }
      return;
    }
    case 'record': {
      const counts = countEach(tree.fields.map(({ name }) => name));
      for (const { name, value, doubt } of tree.fields) {
        const isTwice = (counts.get(name) ?? 0) > 1;
        const why = tree.hasSplat
          ? 'its object takes fields from a * or ** argument'
          : (doubt ?? (isTwice ? 'its field is set more than once' : null));
        visit(below(one, { step: { kind: 'field', name }, tree: value, label: name, doubt: why }));
      }
      return;
    }
    case 'choice':
      for (const { label: branch, value } of tree.branches) {
        const step: PlaceStep = { kind: 'branch', label: branch };
        visit(below(one, { step, tree: value, label: one.label, doubt: null }));
      }
      return;
    case 'computed':
      addComputed(one, tree);
      return;
    case 'boolean':
    case 'string':
  }
}

function visitTable(one: Visit, table: TableTree): void {
  const { nameValue } = one;
  const isUnreadable = table.rows.some(({ key }) => key === null);
  const identities = table.rows.map(({ key }) => (key === null ? '' : keyIdentity(key, nameValue)));
  const counts = countEach(identities);
  for (const [index, { key, value }] of table.rows.entries()) {
    if (key === null) {
      continue;
    }
    const settled = key.kind === 'name' ? (nameValue(key.name) ?? key) : key;
    const doubt = table.hasSplat
      ? 'its table contains a ** entry, which may replace it'
      : isUnreadable
        ? 'its table has a key that cannot be read'
        : (counts.get(identities[index] ?? '') ?? 0) > 1
          ? 'its table has its key more than once'
          : null;
    const label = settled.kind === 'string' ? settled.value : one.label;
    visit(below(one, { step: { kind: 'key', key: settled }, tree: value, label, doubt }));
  }
}

function below(
  parent: Visit,
  child: { step: PlaceStep; tree: LiteralTree; label: string | null; doubt: string | null },
): Visit {
  const { step, tree, label, doubt } = child;
  const isData = parent.place.root.kind === 'document';
  const spelt = isData
    ? appendDataStep(parent.spelt, step, parent.depth === 0)
    : `${parent.spelt}${formatStep(step)}`;
  return { ...parent, tree, label, spelt, depth: parent.depth + 1, obstacle: parent.obstacle ?? doubt };
}

function add(one: Visit, tree: NumberTree | NoneTree): void {
  const { line, column, startByte, endByte, text } = tree;
  const isNumber = tree.kind === 'number';
  push(one, {
    line,
    column,
    startByte,
    endByte,
    text,
    value: isNumber ? tree.value : null,
    isInteger: isNumber && tree.isInteger,
    variable: isNumber ? (tree.variable ?? null) : null,
    obstacle: one.obstacle,
  });
}

/** An expression below a place is listed because a threshold may hide in it; a bare one is known from its assignment. */
function addComputed(one: Visit, tree: LiteralTree & { text: string } & SourcePosition): void {
  if (one.depth > 0) {
    const { line, column, text } = tree;
    const obstacle = `it is ${describeTree(tree)}, not a numeric literal`;
    push(one, {
      line,
      column,
      startByte: 0,
      endByte: 0,
      text,
      value: null,
      isInteger: false,
      variable: null,
      obstacle,
    });
  }
}

function push(one: Visit, literal: Omit<PlacedLiteral, 'place' | 'label' | 'root'>): void {
  const place = one.spelt;
  // A data file that is a single number has no way to it that could be spelt.
  const isBareDocument = one.place.root.kind === 'document' && one.depth === 0;
  if (place.length <= maxPlaceLength && !isBareDocument) {
    one.found.push({ place, label: one.label, root: one.root, ...literal });
  }
}
