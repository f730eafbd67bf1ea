import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { runCalib } from './run-calib.ts';

const config = `name: nova
hf_model_id: acme/nova
hf_datasets: []
test_globs: ["test_*.py"]
stage_base_strip_prefix: test_
metric_sources:
  test_a.py:
    json_file: r.json
    sample_counts: {total: n, ok: done}
    paths: {accuracy: acc}
    expected_samples: 9
`;

let world: string;
let stages: string;

beforeEach(() => {
  world = temporaryFolder({ 'models/nova/config.yaml': config, 'test_a.py': 'A_MIN_ACCURACY = 0.5\n' });
  stages = join(world, 'models/nova/stages.yaml');
});

async function discover(...args: string[]) {
  return runCalib([
    'discover',
    '--catalog',
    world,
    '--repo-root',
    world,
    '--no-host',
    '--model',
    'nova',
    ...args,
  ]);
}

describe('calib discover', () => {
  it('writes the stages of the model, prints the totals and exits 0', async () => {
    const run = await discover();
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toBe(`[nova] 1 stages written to ${stages}, 1 metric(s) OK, 0 need config`);
    expect(await readFile(stages, 'utf8')).toContain('\na_accuracy:\n  test: test_a.py\n');
  });

  it('writes the file and exits 1 when a metric needs config', async () => {
    await writeFile(join(world, 'test_a.py'), 'A_MIN_ACCURACY = 0.5\nA_RTF_MEAN_MAX = 1\n');
    const run = await discover();
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('[blocked] test_a.py:2:18: a_speed.rtf_mean (A_RTF_MEAN_MAX)');
    expect(run.stdout).toMatch(/2 stages written to .*, 1 metric\(s\) OK, 1 need config$/);
  });

  it('names file, line and column of a file that does not parse, and writes nothing', async () => {
    await writeFile(join(world, 'test_b.py'), 'B = (\n');
    const run = await discover();
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toContain('[error] test_b.py:1:1: the file is not valid Python');
    expect(run.stderr).toContain('was not written');
    await expect(readFile(stages)).rejects.toThrow('ENOENT');
  });

  it('exits 2 when a glob of the config matches nothing', async () => {
    await writeFile(join(world, 'models/nova/config.yaml'), config.replace('"test_*.py"', '"nope_*.py"'));
    const run = await discover();
    expect(run.exitCode).toBe(2);
    expect(run.stdout).toContain('the glob "nope_*.py" matches no file');
  });

  it('--check exits 1 with a diff while the file is stale, and 0 once it is not', async () => {
    await discover();
    await writeFile(join(world, 'test_a.py'), 'B_MIN_ACCURACY = 0.5\n');
    const stale = await discover('--check');
    expect(stale.exitCode).toBe(1);
    expect(stale.stdout).toContain('    - metrics.accuracy.source: "A_MIN_ACCURACY"');
    expect(stale.stdout).toContain('    + metrics.accuracy.source: "B_MIN_ACCURACY"');
    await discover();
    expect((await discover('--check')).exitCode).toBe(0);
  });

  it('--output and --json give the stages with the place of every literal', async () => {
    const run = await discover('--json', '--output', join(world, 'other.yaml'));
    const answer: unknown = JSON.parse(run.stdout);
    expect(answer).toMatchObject({
      model: 'nova',
      outcome: 'written',
      metrics: { ok: 1, needsConfig: 0, ambiguous: 0, blocked: 0 },
      literals: [{ stage: 'a_accuracy', positions: [{ line: 1, column: 18, text: '0.5' }] }],
    });
  });

  it('--compat reads names as an earlier tool did, and refuses a version that it does not know', async () => {
    await writeFile(join(world, 'test_a.py'), 'A_MIN_ACCURACY = 0.5\nA_RTF_MEAN_WINDOW = 3.5\n');
    expect((await discover('--json')).stdout).not.toContain('A_RTF_MEAN_WINDOW"');
    const run = await discover('--json', '--compat', '0.7');
    expect(run.stdout).toContain('a_speed.rtf_mean');
    const unknown = await discover('--compat', '0.5');
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('0.7');
  });

  it('--stage with an unknown key exits 2 and names the known ones', async () => {
    await discover();
    const run = await discover('--stage', 'b_wer');
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('valid: a_accuracy');
  });
});
