import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { DatasetReferences } from '../../domain/precheck/dataset-requirements.ts';
import { readDatasetKeys, readDatasetTable } from '../../python/datasets.ts';

/** Where the reference suite names its datasets (spec 04 §6). */
const tableFile = 'benchmarks/dataset/prepare.py';

export interface CheckoutDatasets {
  references: DatasetReferences[];
  table: Record<string, string>;
}

/**
 * Which datasets the tests subscribe, and what those keys mean (spec 04 §6). A file that does not exist or does not
 * parse names none.
 *
 * @param tests repository-relative paths
 */
export async function readDatasetReferences(
  repoRoot: string,
  tests: readonly string[],
): Promise<CheckoutDatasets> {
  const source = (path: string) => readFile(join(repoRoot, path), 'utf8').catch(() => null);
  const [tableSource, ...references] = await Promise.all([
    source(tableFile),
    ...[...new Set(tests)].map(async (test): Promise<DatasetReferences> => {
      const text = await source(test);
      return { test, keys: text === null ? null : readDatasetKeys(text) };
    }),
  ]);
  return { references, table: tableSource === null ? {} : readDatasetTable(tableSource) };
}
