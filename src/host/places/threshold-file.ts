import type { LocatedThreshold } from '../../domain/apply/thresholds.ts';
import { describeProblem, DataFileProblem } from '../../domain/places/data-problem.ts';
import { findInData, readDataFile, replaceInData, type ReplacedData } from '../../domain/places/data-file.ts';
import { formatPlace, placeInFile } from '../../domain/places/format-place.ts';
import { parsePlace, placeForms } from '../../domain/places/parse-place.ts';
import { isDataFile, maxSourceBytes, type Place } from '../../domain/places/place.ts';
import { messageOf } from '../../domain/text.ts';
import { concurrencyIn, locatePlaced } from '../../python/locate-literal.ts';
import { readModulePlaces } from '../../python/places/module-places.ts';
import { decodePythonSource, parseModule } from '../../python/parse-module.ts';
import { replaceLiterals } from '../../python/replace-literals.ts';

/** A file with thresholds that was read once, for any number of places. */
export interface ThresholdReader {
  /** Of a Python file: what its `CONCURRENCY` says; null without one. */
  concurrency: number | null;
  /**
   * The number at a place; `concurrency` chooses the level of a table that the place leaves open. Never throws: what cannot
   * be read for certain is unknown, with the reason.
   */
  locate(source: string, concurrency: number | null): LocatedThreshold;
}

/** Opens a file for reading places; a file that cannot be read as a whole answers every place with the reason. */
export function openThresholdFile(bytes: Uint8Array, path: string): ThresholdReader {
  try {
    return isDataFile(path) ? openData(bytes, path) : openPython(bytes, path);
  } catch (error) {
    const reason = error instanceof DataFileProblem ? `${path}: ${describeProblem(error)}` : messageOf(error);
    return closedFile(reason);
  }
}

/** A file of which nothing is known but why. */
export function closedFile(reason: string): ThresholdReader {
  return { concurrency: null, locate: () => ({ kind: 'unknown', reason, line: null, column: null }) };
}

function openData(bytes: Uint8Array, path: string): ThresholdReader {
  const file = readDataFile(bytes, path);
  return {
    concurrency: null,
    locate: (source) => {
      const place = parsePlace(source, path);
      if (place === null || place.root.kind !== 'document') {
        return unreadable(source);
      }
      const literal = findInData(file, path, place);
      return literal.kind === 'unknown'
        ? literal
        : { ...literal, place: formatPlace(placeInFile(path, place)), concurrencyUsed: null };
    },
  };
}

function openPython(bytes: Uint8Array, path: string): ThresholdReader {
  if (bytes.byteLength > maxSourceBytes) {
    return closedFile(`${path}: the file is larger than ${maxSourceBytes / 2 ** 20} MiB`);
  }
  const parsed = parseModule(decodePythonSource(bytes, path));
  if (parsed.kind === 'syntax-error') {
    const { line, column, message } = parsed;
    const unknown = {
      kind: 'unknown' as const,
      reason: `the file is not valid Python: ${message}`,
      line,
      column,
    };
    return { concurrency: null, locate: () => unknown };
  }
  const places = readModulePlaces(parsed.module);
  return {
    concurrency: concurrencyIn(places),
    locate: (source, concurrency) => {
      const place = parsePlace(source);
      return place === null || place.root.kind === 'document'
        ? unreadable(source)
        : locatePlaced(places, { place: { ...place, file: null }, concurrency });
    },
  };
}

function unreadable(source: string): LocatedThreshold {
  return { kind: 'unknown', reason: `${source} is no place; valid: ${placeForms}`, line: null, column: null };
}

export interface PlaceReplacement {
  /** The place in full. */
  place: string;
  oldText: string;
  newText: string;
}

/**
 * Replaces the literals at places of one file and nothing else, verified by parsing the result.
 *
 * @param path the name used in reasons; its ending decides the format
 */
export function replaceInFile(
  bytes: Uint8Array,
  path: string,
  replacements: readonly PlaceReplacement[],
): ReplacedData {
  const parsed: { place: Place; oldText: string; newText: string }[] = [];
  for (const { place, oldText, newText } of replacements) {
    const read = parsePlace(place, path);
    if (read === null) {
      return { kind: 'refused', reason: `${path}: ${place} is no place; valid: ${placeForms}` };
    }
    parsed.push({ place: { ...read, file: null }, oldText, newText });
  }
  return isDataFile(path)
    ? replaceInData(bytes, path, parsed)
    : replaceLiterals(
        bytes,
        path,
        parsed.map(({ place, oldText, newText }) => ({
          target: { place, concurrency: null },
          oldText,
          newText,
        })),
      );
}
