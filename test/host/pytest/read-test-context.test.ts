import { expect, it } from 'vitest';

import { readTestContext } from '../../../src/host/pytest/read-test-context.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

it('reads datasets through the table, and the limits that the test passes on', async () => {
  const root = temporaryFolder({
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
  expect(await readTestContext(temporaryFolder({}), 'tests/none.py')).toEqual({ datasets: [], bindings: [] });
});
