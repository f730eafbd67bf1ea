import { symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { readKnownSizes, repeatsToRun } from '../../../src/host/earlier-runs/known-sizes.ts';
import { runPaths } from '../../../src/host/run-directory/paths.ts';
import { treeSize } from '../../../src/host/earlier-runs/tree-size.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { writeText } from '../../fixtures/write-text.ts';

const kib = 1024;

interface LeftRepeat {
  repeat: number;
  baseTempBytes?: number;
  logBytes?: number;
  recorded?: boolean;
}

/** A run directory in which one unit has left these repeats; gives its path. */
function runDirectory(root: string, name: string, repeats: LeftRepeat[], model = 'nova'): string {
  const runDir = join(root, name);
  writeText(runPaths.plan(runDir), JSON.stringify({ model, stages: ['stage'], repeats: 5 }));
  for (const { repeat, baseTempBytes, logBytes = 0, recorded = true } of repeats) {
    if (baseTempBytes !== undefined) {
      const folder = runPaths.baseTemp(runDir, 'test_a', repeat);
      writeText(join(folder, 'test_x0/results.json'), 'x'.repeat(baseTempBytes));
    }
    writeText(runPaths.attemptLog(runDir, 'test_a', repeat, 1), 'x'.repeat(logBytes));
    if (recorded) writeText(runPaths.commitMarker(runDir, 'test_a', repeat), '{}');
  }
  return runDir;
}

const wanted = { model: 'nova', namespaces: ['test_a', 'test_b'] };

test('are base temp and logs of the largest recorded repeat in the newest session that has any', async () => {
  const root = temporaryFolder();
  runDirectory(root, '20260101T000000Z_old', [{ repeat: 1, baseTempBytes: 9000 * kib }]);
  runDirectory(root, '20260201T000000Z_new', [
    { repeat: 1, baseTempBytes: 200 * kib, logBytes: 100 * kib },
    { repeat: 2, baseTempBytes: 400 * kib, logBytes: 100 * kib },
    { repeat: 3, baseTempBytes: 2000 * kib, recorded: false },
  ]);
  runDirectory(root, '20260301T000000Z_other', [{ repeat: 1, baseTempBytes: 5000 * kib }], 'other');
  const { test_a: size, ...others } = await readKnownSizes(root, wanted);
  expect(others).toEqual({});
  expect(size?.isWhole).toBe(true);
  expect(size?.bytes).toBeGreaterThanOrEqual(500 * kib);
  expect(size?.bytes).toBeLessThan(560 * kib);
});

test('come from an older session where the newest was pruned, and are none where all were', async () => {
  const root = temporaryFolder();
  runDirectory(root, '20260101T000000Z_old', [{ repeat: 1, baseTempBytes: 300 * kib }]);
  runDirectory(root, '20260201T000000Z_pruned', [{ repeat: 1 }]);
  expect((await readKnownSizes(root, wanted))['test_a']?.bytes).toBeGreaterThanOrEqual(300 * kib);
  expect(await readKnownSizes(join(root, 'nowhere'), wanted)).toEqual({});
});

test('follow no link', async () => {
  const root = temporaryFolder();
  const runDir = runDirectory(root, '20260101T000000Z_r1', [{ repeat: 1, baseTempBytes: 10 * kib }]);
  writeText(join(root, 'elsewhere/large'), 'x'.repeat(5000 * kib));
  symlinkSync(join(root, 'elsewhere'), join(runPaths.baseTemp(runDir, 'test_a', 1), 'link'));
  expect((await readKnownSizes(root, wanted))['test_a']?.bytes).toBeLessThan(200 * kib);
});

test('a size ends at its limit of entries and says so', async () => {
  const root = temporaryFolder();
  for (let index = 0; index < 20; index += 1) writeText(join(root, `tree/${index}`), 'x');
  expect(await treeSize([join(root, 'tree')], 5)).toMatchObject({ entries: 5, isWhole: false });
  expect(await treeSize([join(root, 'tree')])).toMatchObject({ entries: 21, isWhole: true });
});

test('what is still to be run leaves out the repeats that the directory has recorded', async () => {
  const root = temporaryFolder();
  const runDir = runDirectory(root, '20260101T000000Z_r1', [
    { repeat: 1 },
    { repeat: 2 },
    { repeat: 3, recorded: false },
  ]);
  const { namespaces } = wanted;
  expect(await repeatsToRun({ runDir, namespaces, repeats: 5 })).toEqual([
    { namespace: 'test_a', repeats: 3 },
    { namespace: 'test_b', repeats: 5 },
  ]);
  expect(await repeatsToRun({ runDir: null, namespaces: ['test_a'], repeats: 5 })).toEqual([
    { namespace: 'test_a', repeats: 5 },
  ]);
});
