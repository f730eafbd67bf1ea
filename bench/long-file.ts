import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { parseModelConfig } from '../src/domain/catalog/model-config.ts';
import { discoverModel } from '../src/host/discovery/discover-model.ts';
import { longFiles } from '../test/fixtures/long-files.ts';
import { figure } from './figure.ts';
import { printMachine } from './machine.ts';

/**
 * Discovery of one test file of 40,000 lines, generated in the shapes that thresholds are written in, beside one of a quarter
 * of that: four times the lines should take about four times as long, by the square of the file it would be sixteen.
 *
 *   npx tsx bench/long-file.ts [shape [lines]]
 */
const lineCount = Number(process.argv[3] ?? 40_000);
const aimSeconds = 5;
const aimRatio = 8;

const yaml = 'name: bench\nhf_datasets: []\ntest_globs: ["tests/*.py"]\n';
const { value: config } = parseModelConfig({ file: 'config.yaml', yaml, directoryName: 'bench' });

async function discoverySeconds(lines: readonly string[]): Promise<number> {
  const repoRoot = await mkdtemp(join(tmpdir(), 'calib-bench-'));
  try {
    await mkdir(join(repoRoot, 'tests'));
    await writeFile(join(repoRoot, 'tests/test_a_ci.py'), `${lines.join('\n')}\n`);
    const startedAt = performance.now();
    await discoverModel({ repoRoot, config, discoveredAt: '2026-04-23T05:00:00Z' });
    return (performance.now() - startedAt) / 1000;
  } finally {
    await rm(repoRoot, { recursive: true });
  }
}

printMachine();
const wanted = process.argv[2];
let [slowest, steepest] = [0, 0];
for (const [shape, linesOf] of Object.entries(longFiles)) {
  if (wanted !== undefined && !shape.includes(wanted)) continue;
  await discoverySeconds(linesOf(400));
  const quarter = await discoverySeconds(linesOf(lineCount / 4));
  const whole = await discoverySeconds(linesOf(lineCount));
  const ratio = whole / quarter;
  slowest = Math.max(slowest, whole);
  steepest = Math.max(steepest, ratio);
  console.log(
    `${lineCount} lines, ${shape}: ${whole.toFixed(2)} s, ${ratio.toFixed(1)} times as long as ${lineCount / 4}`,
  );
}
figure({ name: `discovery of ${lineCount} lines`, value: slowest, unit: 's', aim: aimSeconds });
figure({ name: 'the same for four times the lines', value: steepest, unit: 'ratio', aim: aimRatio });
