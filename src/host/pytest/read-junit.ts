import { readFile, stat } from 'node:fs/promises';

import { SaxesParser } from 'saxes';

import type { SkippedTest } from '../../domain/observation/explain-halt.ts';
import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import { shown } from '../../domain/untrusted/cut-text.ts';

/** Larger ones hold what tests printed; nothing in them is worth the memory. */
const maxBytes = 32 * 1024 * 1024;
const mostTests = 50;

/**
 * The tests that pytest skipped, from the junit file of a launch. Empty where there is no such file, or none that can be
 * read: it only explains, and decides nothing.
 */
export async function readSkippedTests(path: string): Promise<SkippedTest[]> {
  try {
    if ((await stat(path)).size > maxBytes) return [];
    return skippedIn(await readFile(path, 'utf8'));
  } catch {
    return [];
  }
}

function skippedIn(xml: string): SkippedTest[] {
  const skipped: SkippedTest[] = [];
  let test = '';
  const parser = new SaxesParser();
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    if (name === 'testcase') test = attributes['name'] ?? '';
    // An expected failure is reported as skipped, too.
    if (name !== 'skipped' || attributes['type'] !== 'pytest.skip' || skipped.length >= mostTests) return;
    const reason = attributes['message'] ?? '';
    skipped.push({ name: shown(redactSecrets(test)), reason: shown(redactSecrets(reason)) });
  });
  parser.write(xml).close();
  return skipped;
}
