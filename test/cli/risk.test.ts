import { describe, expect, test } from 'vitest';

import { parseShare } from '../../src/cli/commands/risk/risk.ts';
import { riskDocumentSchema } from '../../src/domain/risk/risk-document.ts';
import { runPaths } from '../../src/host/run-directory/paths.ts';
import { writeJson } from '../fixtures/write-text.ts';
import { makePlan } from '../domain/audit/snapshot-fixture.ts';
import { runWorld, stages, TEST_FILE } from '../host/run-directory/run-directory-fixture.ts';
import { runCalib } from './run-calib.ts';

/** The constants of the fixture's suite, with assertions: a slack on latency, a strict bound on accuracy. */
const asserting = `NOVA_MIN_ACCURACY = 0.50
_NOVA_P95 = {
    8: {"throughput_qps": 4.2, "latency_mean_s": 2.5},
}


def test_accuracy_and_speed(tmp_path):
    results = run(out=tmp_path / "nova")
    assert results["summary"]["accuracy"] > NOVA_MIN_ACCURACY
    assert results["speed"]["latency_mean_s"] <= _NOVA_P95[8]["latency_mean_s"] * 1.2
    assert results["speed"]["throughput_qps"] >= _NOVA_P95[8]["throughput_qps"] * 0.8
`;

/** A finished session whose commit has the assertions; its work tree holds something else by now. */
function assertingWorld(legacy: boolean) {
  const world = runWorld({ legacy });
  world.write(TEST_FILE, asserting);
  world.git('commit', '-qam', 'assert');
  const sha = world.git('rev-parse', 'HEAD').trim();
  const plan = makePlan(stages, { calibration_git_sha: sha, git_sha: sha });
  const stagesYaml = legacy ? `${world.root}/catalog/stages.yaml` : runPaths.stagesYaml(world.runDir);
  writeJson(runPaths.plan(world.runDir), { ...plan, stages_yaml: stagesYaml });
  world.write(TEST_FILE, 'NOVA_MIN_ACCURACY = 0.9\n');
  return { ...world, sha };
}

describe('risk', () => {
  test.each([true, false])(
    'reads the gates at the commit of the session (original directory: %s)',
    async (legacy) => {
      const { runDir, sha } = assertingWorld(legacy);
      const run = await runCalib(['risk', '--run-dir', runDir, '--attempts', '3', '--json']);
      expect(run).toMatchObject({ exitCode: 0, stderr: '' });
      const document = riskDocumentSchema.parse(JSON.parse(run.stdout));
      expect(document).toMatchObject({ git_sha: sha, repeats: 3, gates_unknown: null });
      const [accuracy, , latency] = document.metrics;
      expect(accuracy).toMatchObject({ literal: 0.5, literal_after: 0.56, op: '>', rule: 'read' });
      expect(accuracy).toMatchObject({ gate_after: 0.56, flips_to_fail: 0, class: 'coin' });
      expect(latency?.gate_after).toBeCloseTo(2.1814 * 1.2, 2);
      expect(document.session.attempts).toBe(3);
    },
  );

  test('prints what to worry about first, in words, and never 0 %', async () => {
    const { runDir } = assertingWorld(false);
    const run = await runCalib(['risk', '--run-dir', runDir]);
    expect(run.stdout).toContain('3 gates: 2 coin');
    expect(run.stdout).toContain('of 3 runs would have failed CI');
    expect(run.stdout).not.toMatch(/(^|[^\d.])0 %/m);
  });

  test('has no gates, and says why, where the commit is not at hand', async () => {
    const { runDir } = runWorld({ plan: { git_sha: 'ab'.repeat(20), calibration_git_sha: 'ab'.repeat(20) } });
    const run = await runCalib(['risk', '--run-dir', runDir, '--json']);
    const document = riskDocumentSchema.parse(JSON.parse(run.stdout));
    expect(document.gates_unknown).toContain('abababababab cannot be read');
    expect(document.metrics.every(({ gate_after: gate, p }) => gate === null && p === null)).toBe(true);
  });

  test('refuses a target that is no share, and attempts that are no count', async () => {
    const { runDir } = runWorld();
    for (const option of [
      ['--suite-target', '500%'],
      ['--suite-target', '0'],
      ['--attempts', '0'],
    ]) {
      expect((await runCalib(['risk', '--run-dir', runDir, ...option])).exitCode).toBe(2);
    }
  });

  test('takes the target in per cent or as a share', () => {
    expect([parseShare('5%'), parseShare('0.02'), parseShare('0.5 %')]).toEqual([0.05, 0.02, 0.005]);
  });
});
