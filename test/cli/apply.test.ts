import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { runPaths } from '../../src/host/run-directory/paths.ts';
import { writeText } from '../fixtures/write-text.ts';
import { NAMESPACE, TEST_FILE, TEST_SOURCE } from '../host/run-directory/run-directory-fixture.ts';
import { applyWorld } from './apply-world.ts';

describe('apply --dry-run', () => {
  test('prints a diff that git applies, shows the plan on stderr, writes nothing', async () => {
    const { calib, git, read, root } = await applyWorld();
    const before = git('status', '--porcelain');
    const run = await calib('apply', 'session', '--mode', 'full', '--dry-run');
    expect(run.stdout.split('\n').filter((line) => /^(diff|[-+])/.test(line))).toEqual([
      `diff --git a/${TEST_FILE} b/${TEST_FILE}`,
      `--- a/${TEST_FILE}`,
      `+++ b/${TEST_FILE}`,
      '-NOVA_MIN_ACCURACY = 0.50  # lower bound',
      '+NOVA_MIN_ACCURACY = 0.56  # lower bound',
      '-    8: {"throughput_qps": 4.2, "latency_mean_s": 2.5},',
      '+    8: {"throughput_qps": 4.3849, "latency_mean_s": 2.1814},',
    ]);
    expect(run.stderr).toMatch(/nova_speed .*throughput_qps .*4\.2 .*4\.3849 .*tightens \(\+4\.4%\)/);
    expect(run.exitCode).toBe(0);
    expect(read(TEST_FILE)).toBe(TEST_SOURCE);
    expect(git('status', '--porcelain')).toBe(before);
    writeText(`${root}/.tune-runs/dry.patch`, `${run.stdout}\n`);
    git('apply', '.tune-runs/dry.patch');
    expect(read(TEST_FILE)).toContain('NOVA_MIN_ACCURACY = 0.56  # lower bound');
  });

  test('without a terminal the mode has to be given', async () => {
    const { calib } = await applyWorld();
    const run = await calib('apply', 'session', '--dry-run');
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain('--mode report, --mode smart or --mode full');
  });

  test('what only the operator can decide is listed with the options that decide it', async () => {
    const { calib } = await applyWorld({ slow: true });
    const run = await calib('apply', 'session', '--mode', 'smart', '--dry-run');
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toContain(
      'nova_speed.latency_mean_s: runs 2.6, 2.05, 2.1; current 2.5, proposed 2.6 (loosens)',
    );
    expect(run.stderr).toContain(
      "--decide 'nova_speed.throughput_qps=keep|apply|NUMBER' --decide 'nova_speed.latency_mean_s=keep|apply|NUMBER'",
    );
  });

  test('decisions given up front leave nothing to ask; --json tells the changes', async () => {
    const { calib } = await applyWorld({ slow: true });
    const decisions = ['nova_speed.throughput_qps=keep', 'nova_speed.latency_mean_s=3.0'];
    const options = decisions.flatMap((decision) => ['--decide', decision]);
    const run = await calib('apply', 'session', '--mode', 'smart', '--dry-run', '--json', ...options);
    expect(run.exitCode).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      session: 'session',
      dry_run: true,
      mode: 'smart',
      changes: [
        { metric_key: 'accuracy', new_text: '0.56', custom: false },
        { metric_key: 'latency_mean_s', new_text: '3.0', custom: true },
      ],
      diff: expect.stringContaining('+    8: {"throughput_qps": 4.2, "latency_mean_s": 3.0},') as string,
    });
  });

  test('a number stricter than observed needs its confirmation', async () => {
    const { calib } = await applyWorld({ slow: true });
    const decide = (answer: string) => ['--decide', `nova_speed.latency_mean_s=${answer}`];
    const common = ['apply', 'session', '--mode', 'full', '--dry-run'];
    const run = await calib(...common, ...decide('2.4'));
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('stricter than the worst observation 2.6; confirm it as 2.4!');
    const confirmed = await calib(...common, ...decide('2.4!'));
    expect(confirmed.stdout).toContain('"latency_mean_s": 2.4}');
  });

  test('a decision on what is no threshold is refused before anything is asked', async () => {
    const { calib } = await applyWorld({ slow: true });
    const decide = ['--decide', 'nova_speed.latency_mean=keep'];
    const run = await calib('apply', 'session', '--mode', 'smart', '--dry-run', ...decide);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('did you mean nova_speed.latency_mean_s?');
    expect(run.stderr).not.toContain('only you can decide');
  });

  test('evidence that an optimisation was active is shown before anything is decided', async () => {
    const evidence = [
      { name: 'CUDA graphs', pattern: 'cuda graph: True', min_count: 1 },
      { name: 'torch.compile', pattern: 'compiled', min_count: 1 },
    ];
    const { calib, runDir } = await applyWorld({ plan: { evidence } });
    for (const repeat of [1, 2, 3]) writeText(runPaths.log(runDir, NAMESPACE, repeat), 'cuda graph: True\n');
    const run = await calib('apply', 'session', '--mode', 'report', '--dry-run');
    expect(run.stderr).toContain('evidence: CUDA graphs: found (at least 1 line in each of 3 logs)');
    expect(run.stderr).toContain('warning: evidence: torch.compile: not found');
    expect(run).toMatchObject({ exitCode: 0, stdout: '' });
  });

  test('a session that is not ready is refused with the reason', async () => {
    const { calib, git } = await applyWorld();
    git('commit', '-q', '--allow-empty', '-m', 'second');
    const run = await calib('apply', 'session', '--mode', 'full', '--dry-run');
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toContain('an apply would be refused: HEAD is ');
    const reportOnly = await calib('apply', 'session', '--mode', 'report', '--dry-run');
    expect(reportOnly.exitCode).toBe(0);
    expect(reportOnly.stderr).toContain('thresholds could not be edited: HEAD is ');
  });
});

describe('apply without a server', () => {
  test('is unreachable: only the session itself applies', async () => {
    const { calib, read } = await applyWorld();
    const run = await calib('apply', 'session', '--mode', 'full');
    expect(run.exitCode).toBe(3);
    expect(read(TEST_FILE)).toBe(TEST_SOURCE);
  });
});

describe('apply --undo', () => {
  test('restores the bytes from the run directory alone, and the report says so', async () => {
    const { calib, apply, read, runDir } = await applyWorld();
    await apply('full');
    expect(read(TEST_FILE)).not.toBe(TEST_SOURCE);
    const run = await calib('apply', 'session', '--undo');
    expect(run).toMatchObject({ exitCode: 0, stdout: `restored ${TEST_FILE}` });
    expect(read(TEST_FILE)).toBe(TEST_SOURCE);
    expect(readFileSync(runPaths.report(runDir), 'utf8')).toContain('**Undone** at ');
    const again = await calib('apply', 'session', '--undo');
    expect(again).toMatchObject({ exitCode: 0 });
    expect(again.stdout).toMatch(/^already undone at \S+Z: nothing was restored again$/);
    const third = await calib('apply', 'session', '--undo', '--json');
    expect(JSON.parse(third.stdout)).toMatchObject({ files: [TEST_FILE], again: true });
  });

  test('exits 1 when the check afterwards does not pass, with and without --json', async () => {
    const { calib, apply, read, root } = await applyWorld();
    await apply('full');
    rmSync(join(root, 'catalog'), { recursive: true });
    const run = await calib('apply', 'session', '--undo');
    expect(read(TEST_FILE)).toBe(TEST_SOURCE);
    expect(run).toMatchObject({ exitCode: 1, stdout: `restored ${TEST_FILE}` });
    expect(run.stderr).toContain('the check after the undo did not pass');
    expect((await calib('apply', 'session', '--undo', '--json')).exitCode).toBe(1);
  });

  test('is refused where a file was edited since, and leaves it', async () => {
    const { calib, apply, read, write } = await applyWorld();
    await apply('full');
    write(TEST_FILE, `${read(TEST_FILE)}# mine\n`);
    const run = await calib('apply', 'session', '--undo');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('nothing was restored');
    expect(read(TEST_FILE)).toContain('# mine');
  });

  test('is refused where nothing was applied, and does not go with a mode', async () => {
    const { calib, runDir } = await applyWorld();
    const run = await calib('apply', 'session', '--undo');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('nothing was applied');
    expect(existsSync(runPaths.applied(runDir))).toBe(false);
    expect((await calib('apply', 'session', '--undo', '--mode', 'full')).exitCode).toBe(2);
  });
});
