import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { TestContext } from '../../domain/observation/milestones.ts';
import { readContextBindings } from '../../python/read-source-facts.ts';
import { readDatasetReferences } from '../precheck/resolve-requirements.ts';

/**
 * Under what conditions a test runs, as far as its source says: datasets and the limits that it passes on. A file
 * that cannot be read or parsed says nothing.
 *
 * @param test repository-relative path
 */
export async function readTestContext(repoRoot: string, test: string): Promise<TestContext> {
  const source = await readFile(join(repoRoot, test), 'utf8').catch(() => '');
  const { references, table } = await readDatasetReferences(repoRoot, [test]);
  const keys = references.flatMap((reference) => reference.keys ?? []);
  return {
    datasets: keys.map((key) => table[key] ?? key),
    bindings: source === '' ? [] : readContextBindings(source),
  };
}
