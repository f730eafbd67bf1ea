import { createHash } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { findingAt, type Finding } from '../../domain/discovery/finding.ts';
import type { ReadSource } from '../../domain/discovery/write-stage.ts';
import { decodePythonSource } from '../../python/decode-source.ts';
import { readSourceFacts } from '../../python/read-source-facts.ts';

/**
 * Reads and parses a Python file of the checkout.
 *
 * @param place `path` is relative to the repository root and may not lead out of it
 * @returns what is in the file, or why nothing can be read from it, with the line where there is one
 */
export async function readPythonFile(place: {
  repoRoot: string;
  path: string;
}): Promise<{ source: ReadSource } | { finding: Finding }> {
  const { repoRoot, path } = place;
  const unreadable = (message: string) => ({
    finding: findingAt(null, { kind: 'unreadable-file', severity: 'error', file: path, message }),
  });
  const absolute = join(repoRoot, path);
  const root = await realpath(repoRoot);
  const real = await realpath(absolute).catch(() => null);
  if (real === null) {
    return unreadable('the file does not exist');
  }
  if (!real.startsWith(`${root}${sep}`)) {
    return unreadable('the file is a link that leads out of the repository');
  }
  let bytes: Uint8Array;
  let text: string;
  try {
    bytes = await readFile(absolute);
    text = decodePythonSource(bytes, path);
  } catch (error) {
    return unreadable(error instanceof CalibError ? 'the file is not UTF-8 text' : 'the file cannot be read');
  }
  const result = readSourceFacts(text);
  if (result.kind === 'syntax-error') {
    const message = `the file is not valid Python: ${result.message}`;
    return { finding: findingAt(result, { kind: 'syntax-error', severity: 'error', file: path, message }) };
  }
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { source: { path, sha256, facts: result.facts } };
}
