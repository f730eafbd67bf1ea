import type {
  Assignment,
  DictionaryValue,
  InnerEntry,
  NumberValue,
  OuterEntry,
  SourcePosition,
  SourceSpan,
} from '../domain/discovery/source-facts.ts';
import { readAssignments } from './constants.ts';
import { parseModule } from './parse-module.ts';
import { settledNumber } from './constant-value.ts';

/** A threshold's place in a file: `X_MIN_ACCURACY`, or `_X_P95[8]['throughput_qps']`. */
export interface LiteralTarget {
  symbol: string;
  /** Inner key of a dictionary of dictionaries; null for a bare constant. */
  subkey: string | null;
  /** Outer key; null when the suite names no concurrency, then a dictionary's only key is taken. */
  concurrency: number | null;
}

/** Line and column count from 1; the byte range in the UTF-8 file is that of the signed number token. */
export interface FoundLiteral extends Omit<NumberValue, 'kind'>, SourceSpan {
  kind: 'found';
  /** The outer key really used; null for a bare constant. */
  concurrencyUsed: number | null;
}

export interface UnknownLiteral {
  kind: 'unknown';
  reason: string;
  line: number | null;
  column: number | null;
}

/**
 * Finds the number that a threshold currently has: in the last module-level assignment, plain or annotated,
 * an optionally signed literal of any Python spelling. Never guesses: whatever is not certainly that number is
 * `unknown` with the reason and the place.
 *
 * @param source the file as decoded text, a byte-order mark included
 */
export function locateLiteral(source: string, target: LiteralTarget): FoundLiteral | UnknownLiteral {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    return unknown(`the file is not valid Python: ${parsed.message}`, parsed);
  }
  return locateAssigned(readAssignments(parsed.module), target);
}

/** {@link locateLiteral} for assignments that are already read, so that many targets cost one parse. */
export function locateAssigned(
  assignments: readonly Assignment[],
  target: LiteralTarget,
): FoundLiteral | UnknownLiteral {
  const { symbol, subkey } = target;
  const last = assignments.findLast((assignment) => assignment.name === symbol);
  if (last === undefined) {
    return unknown(`${symbol} is not assigned at module level`, null);
  }
  const obstacle = obstacles[last.form];
  if (obstacle !== undefined) {
    return unknown(`${symbol} ${obstacle}`, last.target);
  }
  if (last.value.kind === 'dictionary') {
    return subkey === null
      ? unknown(`${symbol} is a dictionary, not a number`, last.valueSpan)
      : locateNested({ dictionary: last.value, assignments, target: { ...target, subkey } });
  }
  if (subkey !== null) {
    return unknown(`${symbol} is not a dictionary display`, last.valueSpan);
  }
  return last.value.kind === 'number'
    ? found({ number: last.value, span: last.valueSpan, concurrencyUsed: null })
    : unknown(`${symbol} is ${describe(last.value)}, not a numeric literal`, last.valueSpan);
}

/**
 * The suite's concurrency: the integer literal that the module-level name `CONCURRENCY` certainly has; null when
 * there is none, or it is 0 or negative. The caller asks the test file first, then the threshold file.
 */
export function readConcurrency(source: string): number | null {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    return null;
  }
  const number = settledNumber(readAssignments(parsed.module), 'CONCURRENCY');
  return number !== null && number.isInteger && number.value > 0 ? number.value : null;
}

/** Forms of assignment after which a symbol's value is not certain. */
const obstacles: Readonly<Partial<Record<Assignment['form'], string>>> = {
  tuple: 'is assigned as part of a tuple',
  augmented: 'is changed by an augmented assignment',
  item: 'has an item assigned after its definition',
  conditional: 'is assigned conditionally',
  walrus: 'is assigned inside an expression',
  imported: 'is imported from another module',
  deleted: 'is deleted after its definition',
  global: 'is set by a function that declares it global',
  rebound: 'is bound again by a loop, a with statement, an except clause or a definition',
};

interface NestedSearch {
  dictionary: DictionaryValue;
  assignments: readonly Assignment[];
  target: LiteralTarget & { subkey: string };
}

function locateNested(search: NestedSearch): FoundLiteral | UnknownLiteral {
  const outer = chooseOuter(search);
  if (outer.kind === 'unknown') {
    return outer;
  }
  const { entry, concurrency } = outer;
  const { symbol, subkey } = search.target;
  const place = `${symbol}[${concurrency}]`;
  if (entry.inner === null || entry.innerHasSplat) {
    const what = entry.inner === null ? 'is not a dictionary display' : 'contains a ** entry';
    return unknown(`${place} ${what}`, entry);
  }
  const matches = entry.inner.filter((inner) => inner.key === subkey);
  const [match, second] = matches;
  if (match === undefined) {
    return unknown(`${place} has no key '${subkey}'`, entry);
  }
  if (second !== undefined) {
    return unknown(`${place} has the key '${subkey}' more than once`, second);
  }
  return readInnerNumber({ match, place, concurrency });
}

function readInnerNumber(inner: {
  match: InnerEntry;
  place: string;
  concurrency: number;
}): FoundLiteral | UnknownLiteral {
  const { match, place, concurrency } = inner;
  return match.value.kind === 'number'
    ? found({ number: match.value, span: match, concurrencyUsed: concurrency })
    : unknown(`${place}['${match.key}'] is ${describe(match.value)}, not a numeric literal`, match);
}

type ChosenOuter = { kind: 'chosen'; entry: OuterEntry; concurrency: number } | UnknownLiteral;

function chooseOuter(search: NestedSearch): ChosenOuter {
  const { dictionary, assignments, target } = search;
  const { symbol, concurrency } = target;
  if (dictionary.hasSplat) {
    return unknown(`${symbol} contains a ** entry`, dictionary.entries[0] ?? null);
  }
  const keyed = dictionary.entries.map((entry) => ({ entry, key: outerKey(entry, assignments) }));
  const unreadable = keyed.find((pair) => pair.key === null);
  if (unreadable !== undefined) {
    return unknown(
      `${symbol} has a key that is not an integer literal or a name bound to one`,
      unreadable.entry,
    );
  }
  const keys = new Set(keyed.map((pair) => pair.key));
  const wanted = concurrency ?? (keys.size === 1 ? [...keys][0] : undefined);
  if (wanted === undefined || wanted === null) {
    return keys.size === 0
      ? unknown(`${symbol} is empty`, null)
      : unknown(
          `${symbol} has the keys ${[...keys].join(', ')} and no CONCURRENCY says which one counts`,
          keyed[0]?.entry ?? null,
        );
  }
  const [match, second] = keyed.filter((pair) => pair.key === wanted);
  if (match === undefined) {
    return unknown(
      `${symbol} has no key ${wanted} (it has ${[...keys].join(', ')})`,
      keyed[0]?.entry ?? null,
    );
  }
  return second === undefined
    ? { kind: 'chosen', entry: match.entry, concurrency: wanted }
    : unknown(`${symbol} has the key ${wanted} more than once`, second.entry);
}

function outerKey(entry: OuterEntry, assignments: readonly Assignment[]): number | null {
  if (entry.key.kind === 'integer') {
    return entry.key.value;
  }
  const number = entry.key.kind === 'name' ? settledNumber(assignments, entry.key.name) : null;
  return number?.isInteger === true ? number.value : null;
}

function describe(value: Assignment['value']): string {
  return value.kind === 'dictionary' || value.kind === 'number' ? `a ${value.kind}` : `\`${value.text}\``;
}

function found(literal: {
  number: NumberValue;
  span: SourceSpan;
  concurrencyUsed: number | null;
}): FoundLiteral {
  const { text, value, isInteger } = literal.number;
  const { line, column, startByte, endByte } = literal.span;
  const { concurrencyUsed } = literal;
  return { kind: 'found', text, value, isInteger, line, column, startByte, endByte, concurrencyUsed };
}

function unknown(reason: string, position: SourcePosition | null): UnknownLiteral {
  return { kind: 'unknown', reason, line: position?.line ?? null, column: position?.column ?? null };
}
