import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, onTestFinished, test } from 'vitest';

import { scratchRepository } from '../host/git/scratch-repository.ts';
import { runCalib } from './run-calib.ts';

const venvPython = fileURLToPath(new URL('../../.venv/bin/python', import.meta.url));

const CONFIG = `name: kiln
default_venv_python: ${venvPython}
test_globs: ["tests/test_*.py"]
stage_base_strip_prefix: test_
metric_sources:
  test_kiln.py:
    json_file: kiln0/results.json
    expected_samples: 3
    sample_counts: {total: n, ok: n}
    paths: {accuracy: a}
`;

test('a model without a stages.yaml is listed and started from what the checkout has', async () => {
  const { root, remove } = scratchRepository({
    'tests/test_kiln.py': 'KILN_MIN_ACCURACY = 0.5\n',
    'models/kiln/config.yaml': CONFIG,
    'pyproject.toml': '[project]\nname = "kiln"\n',
    '.gitignore': '.tune-runs/\n',
  });
  onTestFinished(remove);
  const place = ['--catalog', root, '--repo-root', root, '--no-host', '--model', 'kiln'];
  const env = { TEMPORAL_ADDRESS: '127.0.0.1:1' };

  const list = await runCalib(['stages-list', ...place], { env });
  expect(list.stdout).toContain('kiln_accuracy');
  // Nothing but the server is missing.
  const start = await runCalib(['start', '--detach', '--skip-precheck', ...place], { env });
  expect(start, start.stderr).toMatchObject({ exitCode: 3 });
  expect(existsSync(join(root, 'models/kiln/stages.yaml'))).toBe(false);
});
