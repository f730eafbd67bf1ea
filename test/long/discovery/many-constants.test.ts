import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import { discoverModel } from '../../../src/host/discovery/discover-model.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const yaml = 'name: m\ntest_globs: ["tests/test_*_ci.py"]\n';
const { value: config } = parseModelConfig({ file: 'config.yaml', directoryName: 'm', yaml });

/** Milliseconds to discover a file of so many thresholds. */
async function discoveryTime(count: number): Promise<number> {
  const repoRoot = temporaryFolder();
  await mkdir(join(repoRoot, 'tests'));
  const lines = Array.from({ length: count }, (_, index) => `CASE${index}_MIN_ACCURACY = 0.5`);
  await writeFile(
    join(repoRoot, 'tests/test_a_ci.py'),
    `${lines.join('\n')}\ndef test_a(tmp_path):\n    pass\n`,
  );
  const startedAt = performance.now();
  await discoverModel({ repoRoot, config, discoveredAt: '2026-04-23T05:00:00Z' });
  return performance.now() - startedAt;
}

test(
  'a file of four times as many constants takes about four times as long',
  { timeout: 120_000 },
  async () => {
    await discoveryTime(500);
    const small = await discoveryTime(3000);
    // By the square of the file it would be sixteen times.
    expect((await discoveryTime(12_000)) / small).toBeLessThan(9);
  },
);
