import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import { discoverModel } from '../../../src/host/discovery/discover-model.ts';
import { longFiles } from '../../fixtures/long-files.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const yaml = 'name: m\ntest_globs: ["tests/test_*_ci.py"]\n';
const { value: config } = parseModelConfig({ file: 'config.yaml', directoryName: 'm', yaml });

/** Milliseconds of CPU to discover a file: other work of the machine does not count. */
async function discoveryTime(lines: readonly string[]): Promise<number> {
  const repoRoot = temporaryFolder();
  await mkdir(join(repoRoot, 'tests'));
  await writeFile(join(repoRoot, 'tests/test_a_ci.py'), `${lines.join('\n')}\n`);
  const before = process.cpuUsage();
  await discoverModel({ repoRoot, config, discoveredAt: '2026-04-23T05:00:00Z' });
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

test.each(Object.entries(longFiles))(
  'a file of eight times as many lines takes about eight times as long: %s',
  { timeout: 120_000 },
  async (_shape, linesOf) => {
    await discoveryTime(linesOf(500));
    const small = await discoveryTime(linesOf(2500));
    // By the square of the file it would be 64 times; the smaller one pays for what is compiled on the way.
    expect((await discoveryTime(linesOf(20_000))) / small).toBeLessThan(20);
  },
);
