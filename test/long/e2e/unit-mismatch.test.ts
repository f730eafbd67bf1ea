import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';

import { makePlainSuite } from '../../fixtures/plain-suite/make-plain-suite.ts';
import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';

let up: EmbeddedUp;

beforeAll(async () => {
  up = await startUp();
});

afterAll(async () => {
  await up.abortAll();
  await up.close();
});

/** The gate is in per cent; what is written to the result file is a fraction. */
const perCent = `"""The gate is in per cent."""
import json

OAK_MIN_ACCURACY = 60.0


def test_oak(tmp_path):
    acc = json.loads("0.63")
    (tmp_path / "r.json").write_text(json.dumps({"accuracy": acc, "total": 10, "ok": 10}))
    assert acc * 100 >= OAK_MIN_ACCURACY
`;

/** What the assertion compares is not what the result file says: every repeat passes all the same. */
const otherValue = `import json

OAK_MIN_ACCURACY = 0.60


def test_oak(tmp_path):
    acc = json.loads("0.63")
    (tmp_path / "r.json").write_text(json.dumps({"accuracy": 0.55, "total": 10, "ok": 10}))
    assert acc >= OAK_MIN_ACCURACY
`;

interface Gates {
  gates: {
    status: string;
    op: string;
    threshold: number;
    value_scale: number | null;
    observed?: { agreement: string };
  }[];
}

interface Plan {
  stages: { metrics: { evidence: { verdict: string; reason: string | null } }[] }[];
}

async function waiting(text: string) {
  const suite = makePlainSuite({ 'tests/test_oak_ci.py': text });
  onTestFinished(suite.remove);
  const smoke = await up.calib('start', ...suite.options, '--smoke');
  expect(smoke.exitCode, smoke.stdout + smoke.stderr).toBe(0);
  const session = await up.startDetached(...suite.options, '--repeats', '2');
  await up.untilPhase(session, 'awaiting_decision');
  const runDir = join(suite.root, '.tune-runs', session);
  const gates = JSON.parse((await up.calib('gates', ...suite.options, '--json')).stdout) as Gates;
  const plan = JSON.parse((await up.calib('apply-plan', runDir)).stdout) as Plan;
  const read = async () => await readFile(join(suite.root, 'tests/test_oak_ci.py'), 'utf8');
  return {
    suite,
    session,
    runDir,
    gate: gates.gates[0],
    evidence: plan.stages[0]?.metrics[0]?.evidence,
    read,
  };
}

it('a literal in per cent is never silently replaced by a fraction, from smoke to apply', async () => {
  const { session, runDir, gate, evidence, read } = await waiting(perCent);
  expect(gate).toMatchObject({
    op: '>=',
    threshold: 60,
    value_scale: 100,
    observed: { agreement: 'agree' },
  });
  expect(evidence?.verdict).toBe('unit_suspected');
  for (const mode of ['smart', 'full']) {
    const refused = await up.calib('apply', session, '--mode', mode, '--yes');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('unit_suspected');
    expect(refused.stderr).toContain("--decide 'oak_accuracy.accuracy=keep|apply|NUMBER'");
  }
  // The signal that no command line checked is held against the same plan.
  const signalled = await up.calib('signal', session, 'apply', '--mode', 'full', '--yes');
  expect(signalled.exitCode).toBe(1);
  expect(await read()).toBe(perCent);
  const settled = await up.calib(
    'apply',
    session,
    '--mode',
    'full',
    '--yes',
    '--decide',
    'oak_accuracy.accuracy=62!',
  );
  expect(settled.exitCode, settled.stderr).toBe(0);
  expect(await read()).toBe(perCent.replace('60.0', '62'));
  expect(await readFile(join(runDir, 'report.md'), 'utf8')).toContain('## Applied');
});

it('a rule that pytest contradicts is a row of the report, and its literal waits for a person', async () => {
  const { session, runDir, gate, evidence, read } = await waiting(otherValue);
  expect(gate).toMatchObject({ status: 'read', op: '>=', threshold: 0.6 });
  expect(evidence).toMatchObject({ verdict: 'contradicted' });
  const report = await readFile(join(runDir, 'report.md'), 'utf8');
  expect(report).toContain('## Gates against pytest');
  expect(report).toMatch(/oak_accuracy\.accuracy \| contradicted \| >= 0\.6 \(read\)/);
  const refused = await up.calib('apply', session, '--mode', 'full', '--yes');
  expect(refused.exitCode).toBe(1);
  expect(refused.stderr).toContain('but the test passed in run 1');
  expect(await read()).toBe(otherValue);
});
