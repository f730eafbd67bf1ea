import { readFileSync, realpathSync } from 'node:fs';
import { join, sep } from 'node:path';
import { type Finding, findingAt } from '../../domain/discovery/finding.ts';
import { noFacts } from '../../domain/discovery/source-facts.ts';
import type { ReadSource } from '../../domain/discovery/write-stage.ts';
import { DataFileProblem } from '../../domain/places/data-problem.ts';
import { listInData, readDataFile } from '../../domain/places/data-file.ts';
import { isDataFile, maxSourceBytes } from '../../domain/places/place.ts';
import { decodePythonSource } from '../../python/parse-module.ts';
import { readSourceFacts } from '../../python/read-source-facts.ts';
import { sha256Of } from '../run-directory/files.ts';

/** What is in a Python file, or why nothing can be read from it, with the line where there is one. Plain values. */
export type PythonFile = { source: ReadSource } | { finding: Finding };

/**
 * Reads and parses a Python file of the checkout. Synchronous: the parser is, and takes most of the time.
 *
 * @param place `realRoot` is the repository root with links resolved; `path` is relative to it and may not lead out
 * of it
 */
export function readPythonFile(place: { realRoot: string; path: string }): PythonFile {
  const { realRoot, path } = place;
  const real = attempt(() => realpathSync.native(join(realRoot, path)));
  if (real === null) {
    return unreadable(path, 'the file does not exist');
  }
  if (!real.startsWith(realRoot === sep ? sep : `${realRoot}${sep}`)) {
    return unreadable(path, 'the file is a link that leads out of the repository');
  }
  const bytes = attempt(() => readFileSync(real));
  return bytes === null ? unreadable(path, 'the file cannot be read') : parse(path, bytes);
}

function attempt<Value>(action: () => Value): Value | null {
  try {
    return action();
  } catch {
    return null;
  }
}

function unreadable(path: string, message: string): PythonFile {
  return {
    finding: findingAt(null, { kind: 'unreadable-file', severity: 'error', file: path, message }),
  };
}

function parse(path: string, bytes: Uint8Array): PythonFile {
  if (isDataFile(path)) {
    return parseData(path, bytes);
  }
  if (bytes.byteLength > maxSourceBytes) {
    return unreadable(path, `the file is larger than ${maxSourceBytes / 2 ** 20} MiB`);
  }
  const text = attempt(() => decodePythonSource(bytes, path));
  if (text === null) {
    return unreadable(path, 'the file is not UTF-8 text');
  }
  const result = readSourceFacts(text);
  if (result.kind === 'syntax-error') {
    const message = `the file is not valid Python: ${result.message}`;
    return { finding: findingAt(result, { kind: 'syntax-error', severity: 'error', file: path, message }) };
  }
  const sha256 = sha256Of(bytes);
  return { source: { path, sha256, facts: result.facts } };
}

/** A YAML or JSON file of thresholds holds nothing but literals. */
function parseData(path: string, bytes: Uint8Array): PythonFile {
  try {
    const literals = listInData(readDataFile(bytes, path), path);
    return { source: { path, sha256: sha256Of(bytes), facts: { ...noFacts, literals } } };
  } catch (error) {
    if (!(error instanceof DataFileProblem)) {
      throw error;
    }
    const { message, position } = error;
    return {
      finding: findingAt(position, { kind: 'syntax-error', severity: 'error', file: path, message }),
    };
  }
}
