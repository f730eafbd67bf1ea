import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { findingAt, type Finding } from '../../domain/discovery/finding.ts';
import type { ReadSource } from '../../domain/discovery/write-stage.ts';
import { decodePythonSource } from '../../python/decode-source.ts';
import { readSourceFacts } from '../../python/read-source-facts.ts';

/** What is in a Python file, or why nothing can be read from it, with the line where there is one. */
export type PythonFile = { source: ReadSource } | { finding: Finding };

/**
 * Reads a Python file of the checkout and parses it when the result is asked for, so that many files can be read at once
 * and parsed one after the other.
 *
 * @param place `realRoot` is the repository root with links resolved; `path` is relative to it and may not lead out of it
 */
export async function readPythonFile(place: { realRoot: string; path: string }): Promise<() => PythonFile> {
  const { realRoot, path } = place;
  const unreadable = (message: string) => () => ({
    finding: findingAt(null, { kind: 'unreadable-file', severity: 'error', file: path, message }),
  });
  const real = await realpath(join(realRoot, path)).catch(() => null);
  if (real === null) {
    return unreadable('the file does not exist');
  }
  if (!real.startsWith(`${realRoot}${sep}`)) {
    return unreadable('the file is a link that leads out of the repository');
  }
  const bytes = await readFile(real).catch(() => null);
  return bytes === null ? unreadable('the file cannot be read') : () => parse(path, bytes);
}

function parse(path: string, bytes: Uint8Array): PythonFile {
  let text: string;
  try {
    text = decodePythonSource(bytes, path);
  } catch {
    const message = 'the file is not UTF-8 text';
    return { finding: findingAt(null, { kind: 'unreadable-file', severity: 'error', file: path, message }) };
  }
  const result = readSourceFacts(text);
  if (result.kind === 'syntax-error') {
    const message = `the file is not valid Python: ${result.message}`;
    return { finding: findingAt(result, { kind: 'syntax-error', severity: 'error', file: path, message }) };
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { source: { path, sha256, facts: result.facts } };
}
