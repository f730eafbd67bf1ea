import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { runPaths } from '../../src/host/run-directory/paths.ts';
import { temporaryFolder } from '../fixtures/temporary-folder.ts';
import { writeJson, writeText } from '../fixtures/write-text.ts';
import { NAMESPACE, runWorld, writeRepeat } from '../host/run-directory/run-directory-fixture.ts';
import { startPytest } from '../host/run-directory/started-pytest.ts';
import { runCalib } from './run-calib.ts';

describe('strict-audit', () => {
  test('prints the matrix and exits 0 for a ready directory, also of the original tool', async () => {
    const { runDir, sha } = runWorld({ legacy: true });
    const run = await runCalib(['strict-audit', '--run-dir', runDir]);
    expect(run.stdout.split('\n')).toEqual([
      `calibration_git_sha: ${sha}`,
      'GIT PROVENANCE: ok (all artifacts match calibration commit)',
      'nova_accuracy: ✓✓✓ (3/3 strict, expected=5)',
      'nova_speed: ✓✓✓ (3/3 strict)',
      'STRICT READY: 2/2 stages (3 repeats each)',
      'STRICT + GIT: READY',
    ]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('exits 1 for a gap; --json carries the reason', async () => {
    const world = runWorld();
    writeRepeat(world, 2, { nova_speed: { sample_counts: { total: 5, ok: 3 } } });
    const run = await runCalib(['strict-audit', '--run-dir', world.runDir, '--json']);
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({
      strict_ready: 0,
      stages: [
        { cells: ['✓', '✗', '✓'] },
        { cells: ['✓', '△', '✓'], reasons: ['', 'partial samples (3/5)', ''] },
      ],
    });
  });

  test('a folder that is no session is one line on stderr and exit 1', async () => {
    const folder = temporaryFolder();
    const run = await runCalib(['strict-audit', '--run-dir', folder]);
    expect(run.exitCode).toBe(1);
    expect(run.stdout).toBe('');
    expect(run.stderr.split('\n')[0]).toBe(`error: no plan.json in ${folder}`);
  });

  test('without --run-dir the usage is wrong', async () => {
    expect((await runCalib(['strict-audit'])).exitCode).toBe(2);
  });
});

describe('status', () => {
  test('answers one JSON document and exits by completeness', async () => {
    const { runDir } = runWorld();
    const run = await runCalib(['status', '--run-dir', runDir]);
    expect(run.exitCode).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      run_dir: runDir,
      complete: true,
      strict_ready: '2/2',
      state: 'offline',
      pytest_active: false,
    });
    rmSync(runPaths.observation(runDir, 'nova_speed', 1));
    expect((await runCalib(['status', '--run-dir', runDir])).exitCode).toBe(1);
  });

  test('shows the pytest that runs, the milestones and why nothing is launched', async () => {
    const { runDir } = runWorld();
    writeText(runPaths.runLog(runDir), '2026-04-23T05:00:00Z HALT: nova_speed: no such key\n');
    const pytest = await startPytest({ runDir, namespace: 'test_nova_ci', repeat: 2, attempt: 3 });
    pytest.write('12345');
    const run = await runCalib(['status', '--run-dir', 'session'], { cwd: dirname(runDir) });
    expect(JSON.parse(run.stdout)).toMatchObject({
      run_dir: 'session',
      pytest_active: true,
      active: [{ namespace: 'test_nova_ci', k: 2, attempt: 3, log: pytest.log, log_bytes: 5 }],
      run_log_tail: ['2026-04-23T05:00:00Z HALT: nova_speed: no such key'],
      halt: { text: 'HALT: nova_speed: no such key' },
    });
  });

  test('shows the GPUs that nvidia-smi names, and the error where there is none', async () => {
    const { runDir, root } = runWorld();
    const programs = join(root, 'programs');
    const answers =
      'case $1 in *query-gpu*) echo "0, GPU-a, H20, 4, 97871"; echo "1, GPU-b, H20, 70000, 97871";; ' +
      '*) echo "GPU-b, 12, python, 69000";; esac';
    writeText(join(programs, 'nvidia-smi'), `#!/bin/sh\n${answers}\n`);
    const status = async (path: string): Promise<unknown> =>
      JSON.parse((await runCalib(['status', '--run-dir', runDir], { env: { PATH: path } })).stdout);
    expect(await status(programs)).toMatchObject({
      gpu_memory_mib: null,
      gpu_error: expect.any(String) as string,
    });
    chmodSync(join(programs, 'nvidia-smi'), 0o755);
    expect(await status(`${programs}:/usr/bin:/bin`)).toMatchObject({
      gpu_memory_mib: { '0': 4, '1': 70_000 },
      gpu_busy: [1],
      gpu_ready: 1,
      launch_allowed: false,
      gpu_error: null,
    });
  });

  test('without a plan the answer is still JSON', async () => {
    const folder = temporaryFolder();
    const run = await runCalib(['status', '--run-dir', folder]);
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toEqual({ error: `no plan.json in ${folder}` });
  });
});

const slower = { nova_speed: { metrics: { throughput_qps: 4, latency_mean_s: 2 } } };

describe('report', () => {
  test('writes both files and says where', async () => {
    const { runDir, root } = runWorld();
    const run = await runCalib(['report', '--run-dir', '.tune-runs/session'], { cwd: root });
    expect(run).toMatchObject({
      exitCode: 0,
      stdout: 'report written to .tune-runs/session/report.md',
      stderr: '',
    });
    const report = readFileSync(runPaths.report(runDir), 'utf8');
    expect(report).toContain('**Run directory:** `.tune-runs/session`');
    expect(report).toContain('— 2× NVIDIA H20, 5 samples, max_tokens=32, concurrency=8, 3 runs');
    expect(report).not.toContain('{{CONTEXT');
    expect(readFileSync(runPaths.htmlReport(runDir), 'utf8')).toContain('<svg');
  });

  test('refuses an unready directory and writes nothing', async () => {
    const { runDir } = runWorld();
    rmSync(runPaths.observation(runDir, 'nova_speed', 1));
    const run = await runCalib(['report', '--run-dir', runDir]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toBe(
      [
        'error: refusing report — strict audit incomplete (0/2 stages strict-ready)',
        '  nova_accuracy: ✗✓✓ (2/3, expected=5)',
        '  nova_speed: —✓✓ (2/3)',
      ].join('\n'),
    );
    expect(existsSync(runPaths.report(runDir))).toBe(false);
  });

  test('written again, it keeps its applied changes', async () => {
    const { runDir } = runWorld();
    await runCalib(['report', '--run-dir', runDir]);
    const section = '## Applied changes\n\n| kept |\n\n';
    const first = readFileSync(runPaths.report(runDir), 'utf8');
    writeText(runPaths.report(runDir), first.replace('## Provenance', `${section}## Provenance`));
    await runCalib(['report', '--run-dir', runDir]);
    expect(readFileSync(runPaths.report(runDir), 'utf8')).toContain(`${section}## Provenance`);
    expect(readFileSync(runPaths.htmlReport(runDir), 'utf8')).toContain('<h2>Applied changes</h2>');
  });

  test('a report that cannot be read, and so not kept, is not replaced', async () => {
    const { runDir } = runWorld();
    mkdirSync(runPaths.report(runDir));
    const run = await runCalib(['report', '--run-dir', runDir]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain(runPaths.report(runDir));
  });

  test('--compare adds commits, log, stat and every metric since the earlier session', async () => {
    const { runDir, root, git, write, sha } = runWorld();
    const old = join(root, '.tune-runs', 'old');
    cpSync(runDir, old, { recursive: true });
    write('engine.py', 'x = 1\n');
    git('add', 'engine.py');
    git('commit', '-q', '-m', 'Cache the encoder');
    const now = git('rev-parse', 'HEAD');
    const world = { runDir, sha: now, legacy: false };
    for (const repeat of [1, 2, 3]) writeRepeat(world, repeat, repeat === 1 ? slower : {});
    const plan = JSON.parse(readFileSync(runPaths.plan(runDir), 'utf8')) as object;
    writeJson(runPaths.plan(runDir), { ...plan, calibration_git_sha: now, git_sha: now });
    const run = await runCalib(['report', '--run-dir', runDir, '--compare', old]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const report = readFileSync(runPaths.report(runDir), 'utf8');
    expect(report).toContain(`- Previous: \`${sha}\` (\`${old}\`, 3 repeats)`);
    expect(report).toContain(`- This: \`${now}\` (\`${runDir}\`, 3 repeats)`);
    expect(report).toMatch(/^[0-9a-f]+ Cache the encoder$/m);
    expect(report).toMatch(/^ engine\.py \| 1 \+$/m);
    expect(report).toContain(
      '| nova_speed | Throughput (req/s) | 4.385 | 4.000 | -8.8% | worse | 4.500–4.385 → 4.500–4.000 |',
    );
    expect(report).toContain(
      '| nova_speed | Latency mean (s) | 2.181 | 2.100 | -3.7% | better | 2.050–2.181 → 2.000–2.100 |',
    );
  });

  test('--compare with a session of another clone says which commit is missing', async () => {
    const old = runWorld({ plan: { calibration_git_sha: 'e'.repeat(40) } });
    const { runDir } = runWorld();
    const run = await runCalib(['report', '--run-dir', runDir, '--compare', old.runDir]);
    expect(run.exitCode).toBe(0);
    expect(readFileSync(runPaths.report(runDir), 'utf8')).toContain(
      `this checkout has no commit ${'e'.repeat(40)}`,
    );
  });

  test('--compare with what is no session is an error, and the report stays as it was', async () => {
    const { runDir } = runWorld();
    const run = await runCalib(['report', '--run-dir', runDir, '--compare', temporaryFolder()]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('no plan.json in');
    expect(existsSync(runPaths.report(runDir))).toBe(false);
  });

  test('evidence is looked for with the plan’s patterns, else with the catalog’s', async () => {
    const { runDir, root } = runWorld();
    const config = ['name: nova-v1', 'hf_model_id: none/none', 'hf_datasets: []', 'evidence:'];
    const pattern = '  - {name: CUDA graphs, pattern: "graph: (?:True|on)", min_count: 2}';
    writeText(join(root, 'catalog/models/nova-v1/config.yaml'), [...config, pattern, ''].join('\n'));
    for (const repeat of [1, 2, 3])
      writeText(runPaths.log(runDir, NAMESPACE, repeat), 'graph: on\n'.repeat(repeat));
    const run = await runCalib(['report', '--run-dir', runDir, '--catalog', join(root, 'catalog')]);
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    const line = `(2 lines wanted in each log; ${NAMESPACE} run 1: 1)`;
    expect(readFileSync(runPaths.report(runDir), 'utf8')).toContain(`- CUDA graphs: **not found** ${line}`);
    expect(readFileSync(runPaths.htmlReport(runDir), 'utf8')).toContain('<strong>not found</strong>');
  });
});

describe('apply-plan', () => {
  test('prints the plan and exits 0', async () => {
    const { runDir, root } = runWorld();
    const run = await runCalib(['apply-plan', '--run-dir', runDir]);
    expect(run.exitCode).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      model: 'nova-v1',
      stages: [{ stage_key: 'nova_accuracy', test: `${root}/tests/ci/test_nova_ci.py` }, { concurrency: 8 }],
    });
  });

  test('has every field of the original tool in its order, then calib’s', async () => {
    const { runDir } = runWorld();
    const { stdout } = await runCalib(['apply-plan', '--run-dir', runDir]);
    const plan = JSON.parse(stdout) as { stages: { metrics: object[] }[] };
    const fields = (value: unknown) => Object.keys(value as object).join(' ');
    expect(fields(plan)).toMatch(/^model run_dir repeats stages calibration_git_sha files\b/);
    expect(fields(plan.stages[1])).toMatch(
      /^stage_key test threshold_file title stage_group variant calibration_preset gpus concurrency metrics\b/,
    );
    expect(fields(plan.stages[1]?.metrics[0])).toMatch(
      new RegExp(
        '^metric_key source source_kind symbol subkey stage_group worst_op per_run_raw worst_raw worst_rounded ' +
          'write_value digits scale label current_raw direction current_text write_text location unknown_reason',
      ),
    );
  });

  test('a refusal has the same shape whatever the reason', async () => {
    const world = runWorld();
    writeRepeat(world, 2, { nova_speed: { sample_counts: { total: 5, ok: 3 } } });
    const run = await runCalib(['apply-plan', '--run-dir', world.runDir]);
    expect(run.exitCode).toBe(1);
    expect(Object.keys(JSON.parse(run.stdout) as object)).toEqual([
      'error',
      'reason',
      'calibration_git_sha',
      'mismatches',
      'missing_sha',
    ]);
    expect(JSON.parse(run.stdout)).toMatchObject({
      error: 'strict_incomplete',
      mismatches: ['nova_accuracy: ✓✗✓ (2/3, expected=5)', 'nova_speed: ✓△✓ (2/3)'],
    });
  });

  test('prints a refusal as JSON with exit code 1, also where no checkout is known', async () => {
    const { runDir } = runWorld({ plan: { calibration_git_sha: '0'.repeat(40), repo_root: '/nowhere' } });
    const run = await runCalib(['apply-plan', '--run-dir', runDir]);
    expect(run.exitCode).toBe(1);
    expect(JSON.parse(run.stdout)).toMatchObject({ error: 'git_provenance_failed' });
  });
});
