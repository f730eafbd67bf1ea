import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { readTestContext } from '../../../src/host/pytest/read-test-context.ts';

function checkout(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'calib-context-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

it('reads datasets through the table, and the limits that the test passes on', async () => {
  const root = checkout({
    'benchmarks/dataset/prepare.py': 'DATASETS = {"seed": "org/seed-tts"}\n',
    'tests/test_a_ci.py':
      'MAX = 50\ndef test_a():\n    run(DATASETS["seed"], DATASETS["own"], max_samples=MAX, max_tokens=32)\n',
  });
  expect(await readTestContext(root, 'tests/test_a_ci.py')).toMatchObject({
    datasets: ['org/seed-tts', 'own'],
    bindings: [
      { keyword: 'max_samples', name: 'MAX', literal: '50' },
      { keyword: 'max_tokens', literal: '32' },
    ],
  });
});

it('knows nothing of a test that is not there', async () => {
  expect(await readTestContext(checkout({}), 'tests/none.py')).toEqual({ datasets: [], bindings: [] });
});
