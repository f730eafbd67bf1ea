import {
  keyIdentity,
  unknownLiteral,
  type FoundLiteral,
  type UnknownLiteral,
} from '../domain/places/find-literal.ts';
import { formatPlace } from '../domain/places/format-place.ts';
import type { TableRow, TableTree } from '../domain/places/literal-tree.ts';
import { keyStep, type Place, type PlaceStep } from '../domain/places/place.ts';
import { findPlaced, readModulePlaces, rootTree, type ModulePlaces } from './places/module-places.ts';
import { parseModule } from './parse-module.ts';
import { settledNumber } from './constant-value.ts';

/** A threshold's place in a Python file, as a stage names it. */
export interface LiteralTarget {
  /** `_X_P95['throughput_qps']` leaves out the outer key of a table by concurrency. */
  place: Place;
  /** That outer key; null when the suite names no concurrency, then a dictionary's only key is taken. */
  concurrency: number | null;
}

export interface LocatedLiteral extends FoundLiteral {
  /** The place in full, outer key included. */
  place: string;
  /** The outer key that concurrency chose; null for a place that says all itself. */
  concurrencyUsed: number | null;
}

/**
 * Finds the number that a threshold currently has: what a module-level name certainly holds after the module has run, a
 * class's default, a value of a parametrized row or a keyword argument. Never guesses: whatever is not certainly that number
 * is `unknown` with the reason and the place.
 *
 * @param source the file as decoded text, a byte-order mark included
 */
export function locateLiteral(source: string, target: LiteralTarget): LocatedLiteral | UnknownLiteral {
  const parsed = parseModule(source);
  if (parsed.kind === 'syntax-error') {
    return unknownLiteral(`the file is not valid Python: ${parsed.message}`, parsed);
  }
  return locatePlaced(readModulePlaces(parsed.module), target);
}

/** {@link locateLiteral} for a module that is already read, so that many targets cost one parse. */
export function locatePlaced(places: ModulePlaces, target: LiteralTarget): LocatedLiteral | UnknownLiteral {
  const level = concurrencyLevel(places, target);
  if (level !== null && level.kind === 'unknown') {
    return level;
  }
  const place: Place = level === null ? target.place : { ...target.place, steps: level.steps };
  const literal = findPlaced(places, { ...place, file: null });
  const concurrencyUsed = level?.concurrency ?? null;
  return literal.kind === 'unknown' ? literal : { ...literal, place: formatPlace(place), concurrencyUsed };
}

/**
 * The suite's concurrency: the integer literal that the module-level name `CONCURRENCY` certainly has; null when
 * there is none, or it is 0 or negative. The caller asks the test file first, then the threshold file.
 */
export function readConcurrency(source: string): number | null {
  const parsed = parseModule(source);
  return parsed.kind === 'syntax-error' ? null : concurrencyIn(readModulePlaces(parsed.module));
}

/** {@link readConcurrency} of a module that is already read. */
export function concurrencyIn({ assignments }: Pick<ModulePlaces, 'assignments'>): number | null {
  const number = settledNumber(assignments, 'CONCURRENCY');
  return number !== null && number.isInteger && number.value > 0 ? number.value : null;
}

type Level = { kind: 'level'; steps: PlaceStep[]; concurrency: number } | UnknownLiteral;

/**
 * `_P['rtf_mean']` of a table of tables by concurrency: the level that is meant. Null where the place is complete as it is,
 * because the table has the key itself, or is not keyed by numbers at all.
 */
function concurrencyLevel(places: ModulePlaces, target: LiteralTarget): Level | null {
  const { place, concurrency } = target;
  const [step, further] = place.steps;
  if (
    place.root.kind !== 'name' ||
    step?.kind !== 'key' ||
    step.key.kind !== 'string' ||
    further !== undefined
  ) {
    return null;
  }
  const root = rootTree(places, place.root);
  if (root.kind === 'unknown' || root.tree.kind !== 'dictionary') {
    return null;
  }
  const isText = (row: TableRow): boolean => row.key?.kind === 'string';
  const isFlat = root.tree.rows.some((row) => isText(row) || row.value.kind === 'number');
  if (isFlat && !(root.tree.rows.length === 1 && root.tree.rows[0]?.key?.kind === 'integer')) {
    return null;
  }
  const chosen = chooseLevel({ table: root.tree, name: root.name, places, concurrency });
  return chosen.kind === 'unknown'
    ? chosen
    : { kind: 'level', steps: [keyStep(chosen.concurrency), step], concurrency: chosen.concurrency };
}

function chooseLevel(choice: {
  table: TableTree;
  name: string;
  places: ModulePlaces;
  concurrency: number | null;
}): { kind: 'chosen'; concurrency: number } | UnknownLiteral {
  const { table, name, places, concurrency } = choice;
  if (table.hasSplat) {
    return unknownLiteral(`${name} contains a ** entry`, table.rows[0] ?? null);
  }
  const keyed = table.rows.map((row) => ({ row, level: levelOf(row, places) }));
  const unreadable = keyed.find(({ level }) => level === null);
  if (unreadable !== undefined) {
    const reason = `${name} has a key that is not an integer literal or a name bound to one`;
    return unknownLiteral(reason, unreadable.row);
  }
  const levels = [...new Set(keyed.map(({ level }) => level))];
  const wanted = concurrency ?? (levels.length === 1 ? levels[0] : undefined);
  const first = keyed[0]?.row ?? null;
  if (wanted === undefined || wanted === null) {
    return levels.length === 0
      ? unknownLiteral(`${name} is empty`, null)
      : unknownLiteral(
          `${name} has the keys ${levels.join(', ')} and no CONCURRENCY says which one counts`,
          first,
        );
  }
  const [match, second] = keyed.filter(({ level }) => level === wanted);
  if (match === undefined) {
    return unknownLiteral(`${name} has no key ${wanted} (it has ${levels.join(', ')})`, first);
  }
  return second === undefined
    ? { kind: 'chosen', concurrency: wanted }
    : unknownLiteral(`${name} has the key ${wanted} more than once`, second.row);
}

function levelOf({ key }: TableRow, { nameValue }: ModulePlaces): number | null {
  if (key === null || (key.kind !== 'integer' && key.kind !== 'name')) {
    return null;
  }
  const level = Number(keyIdentity(key, nameValue));
  return Number.isSafeInteger(level) ? level : null;
}
