import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, it, onTestFinished } from 'vitest';

import { makePlainSuite } from '../../fixtures/plain-suite/make-plain-suite.ts';
import type { EmbeddedUp } from '../../e2e/embedded-up.ts';
import { withUp } from '../../e2e/scripted-world.ts';

let up: EmbeddedUp;

withUp((started) => {
  up = started;
});

const python = fileURLToPath(new URL('../../../.venv/bin/python', import.meta.url));

const config = (source: string) => `name: oak
hf_datasets: []
default_venv_python: [${python}]
gpus_per_test: {test_oak_ci.py: 0}
test_globs: ["tests/test_oak_ci.py"]
stage_base_strip_prefix: test_
stage_base_strip_suffix: _ci
metric_sources:
  test_oak_ci.py:
    json_file: "test_oak0/r.json"
    expected_samples: 10
    sample_counts: {total: total, ok: ok}
${source}`;

const deviceTest = (qps: number) => `import json
import os

DEVICE = os.environ.get("SUITE_DEVICE", "H200")
EXPECTED_SPEED = {
    "H100": {"throughput_qps": 4.2, "latency_mean_s": 1.10},
    "H200": {"throughput_qps": 5.0, "latency_mean_s": 0.90},  # the row of CI
}


def test_oak(tmp_path):
    expected = EXPECTED_SPEED[DEVICE]
    (tmp_path / "r.json").write_text(
        json.dumps({"throughput_qps": ${qps}, "latency_mean_s": 0.85, "total": 10, "ok": 10})
    )
    assert ${qps} >= expected["throughput_qps"]
    assert 0.85 <= expected["latency_mean_s"]
`;

/** Calibrates, applies everything, and undoes it; gives the file's text after each. */
async function applied(suite: ReturnType<typeof makePlainSuite>, file: string) {
  onTestFinished(suite.remove);
  const path = join(suite.root, file);
  const before = await readFile(path, 'utf8');
  const session = await up.startDetached(...suite.options, '--repeats', '2');
  await up.untilPhase(session, 'awaiting_decision');
  const apply = await up.calib('apply', session, '--mode', 'full', '--yes');
  expect(apply.exitCode, apply.stdout + apply.stderr).toBe(0);
  const after = await readFile(path, 'utf8');
  const undo = await up.calib('apply', session, '--undo', '--yes');
  expect(undo.exitCode, undo.stdout + undo.stderr).toBe(0);
  expect(await readFile(path, 'utf8')).toBe(before);
  return { before, after };
}

it('of a table by device the row that counts is calibrated, and no other', async () => {
  const suite = makePlainSuite({
    'tests/test_oak_ci.py': deviceTest(5.25),
    'models/oak/config.yaml': config(
      '    device_key: {env: SUITE_DEVICE}\n    paths: {throughput_qps: throughput_qps, latency_mean_s: latency_mean_s}\n',
    ),
  });
  const { before, after } = await applied(suite, 'tests/test_oak_ci.py');
  expect(after).toBe(
    before.replace(
      '"throughput_qps": 5.0, "latency_mean_s": 0.90',
      '"throughput_qps": 5.25, "latency_mean_s": 0.85',
    ),
  );
});

it('a table by device without the row that counts is refused before anything is created', async () => {
  const suite = makePlainSuite({
    'tests/test_oak_ci.py': deviceTest(5.25),
    'models/oak/config.yaml': config(
      '    device_key: B200\n    paths: {throughput_qps: throughput_qps, latency_mean_s: latency_mean_s}\n',
    ),
  });
  onTestFinished(suite.remove);
  const start = await up.calib('start', ...suite.options, '--repeats', '1');
  expect(start.exitCode).toBe(2);
  expect(start.stderr).toContain("BLOCKED (EXPECTED_SPEED['throughput_qps'])");
  const discover = await up.calib('discover', ...suite.options);
  expect(discover.stdout).toContain("'H100', 'H200'");
  expect(
    await readFile(join(suite.root, '.tune-runs'), 'utf8').catch((error: unknown) => String(error)),
  ).toContain('ENOENT');
});

it('a reference in YAML is calibrated, comments, order and other rows kept', async () => {
  const references = `# accuracy references, a row a quantisation
acme/alder-8b:
  - accuracy: 74.20
  - quant_algo: FP8
    accuracy: 73.35   # measured on the H20
`;
  const suite = makePlainSuite({
    'tests/test_oak_ci.py': `import json


def test_oak(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps({"accuracy": 74.0, "total": 10, "ok": 10}))
`,
    'models/oak/config.yaml': config(
      '    threshold_file: tests/refs.yaml\n    paths: {accuracy: accuracy}\n    places: {accuracy: "refs.yaml::acme/alder-8b[1].accuracy"}\n',
    ),
  });
  await writeFile(join(suite.root, 'tests/refs.yaml'), references);
  suite.git('add', '--all');
  suite.git('commit', '--quiet', '--message', 'References');
  const { after } = await applied(suite, 'tests/refs.yaml');
  expect(after).toBe(references.replace('73.35', '74.0'));
});
