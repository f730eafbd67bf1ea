import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

import { describe, expect, it } from 'vitest';

import type { ScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { startCalib } from '../../e2e/built-calib.ts';
import type { EmbeddedUp } from '../../e2e/embedded-up.ts';
import { withScriptedWorld } from '../../e2e/scripted-world.ts';

const SESSION = '20260423T050000Z_scripted';

let up: EmbeddedUp;
let suite: ScriptedSuite;
let runDir: string;

withScriptedWorld((world) => {
  ({ up, suite } = world);
  runDir = join(suite.repo, '.tune-runs', SESSION);
});

async function write(path: string, content: unknown): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
}

/** What the original tool v0.6.0 records of a stage × k, with its log and base temp. */
async function writeLegacyRecord(
  record: { stage: string; unit: string; repeat: number; metrics: Record<string, number>; total: number },
  overrides: Record<string, unknown> = {},
): Promise<void> {
  const { stage, unit, repeat, metrics, total } = record;
  const log = join(runDir, '_pytest', unit, `run${repeat}.log`);
  const basetemp = join(runDir, '_pytest', unit, `basetemp_run${repeat}`);
  await write(log, `pytest of ${unit}, repeat ${repeat}\n`);
  await write(join(basetemp, 'results.json'), '{}');
  await write(join(runDir, stage, `run${repeat}.json`), {
    status: 'ok',
    reason: '',
    metrics,
    sample_counts: { total, ok: total },
    duration_s: 12.5,
    attempts: 1,
    git_sha: suite.commit,
    recorded_at: '2026-04-23T05:10:00Z',
    pytest_log: log,
    basetemp,
    pytest_rc: 0,
    ...overrides,
  });
}

async function writeLegacyDirectory(): Promise<void> {
  await write(join(runDir, 'plan.json'), {
    model: 'scripted',
    stages: ['alpha_accuracy', 'alpha_speed', 'beta_wer'],
    repeats: 2,
    timestamp: '2026-04-23T05:00:00Z',
    calibration_started_at: '2026-04-23T05:00:00Z',
    calibration_git_sha: suite.commit,
    git_sha: suite.commit,
    git_branch: 'main',
    dirty: false,
    venv_python: suite.venvPython,
    venv_source: 'flag',
    tune_version: '0.6.0',
    stages_yaml: '/srv/tune/models/scripted/stages.yaml',
  });
  const speed = { throughput_qps: 5, latency_mean_s: 0.5 };
  for (const repeat of [1, 2]) {
    const alpha = { unit: 'test_alpha_ci', repeat, total: 4 };
    await writeLegacyRecord({ stage: 'alpha_accuracy', metrics: { accuracy: 0.75 }, ...alpha });
    await writeLegacyRecord({ stage: 'alpha_speed', metrics: speed, ...alpha });
    const beta = { stage: 'beta_wer', unit: 'test_beta_ci', repeat, metrics: { corpus_wer: 0.1 }, total: 3 };
    await writeLegacyRecord(beta, repeat === 2 ? { git_sha: '0'.repeat(40) } : {});
  }
}

describe('a directory of the original tool', () => {
  it('is continued to a decision: only what does not count is run', async () => {
    await writeLegacyDirectory();

    const run = await up.calib('start', '--resume', '--output-dir', runDir, ...suite.options);

    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toContain(`session: ${SESSION}`);
    expect([await suite.launches('alpha'), await suite.launches('beta')]).toEqual([0, 1]);
    const discarded = join(runDir, '_discarded/test_beta_ci/run2.1');
    expect(JSON.parse(await readFile(join(discarded, 'reason.json'), 'utf8'))).toMatchObject({
      reason: 'beta_wer: recorded on another commit',
    });
    expect(await readFile(join(discarded, '_pytest/test_beta_ci/run2.log'), 'utf8')).toContain('repeat 2');
    const audit = await up.calib('strict-audit', '--run-dir', runDir);
    expect(audit.exitCode, audit.stdout).toBe(0);
    const online = await up.calib('query', SESSION, 'strict-audit');
    expect(online.stdout).toBe(audit.stdout);
    expect(await readFile(join(runDir, 'report.md'), 'utf8')).toContain('**75.00**');
  });
});

describe('a directory of another environment', () => {
  it('is refused with what differs, continued when forced, and marked in the report', async () => {
    await writeLegacyDirectory();
    await write(join(runDir, 'precheck.json'), { versions: { torch: '2.10.0' }, gpu_summary: 'unknown' });
    const resume = ['start', '--resume', '--output-dir', runDir, ...suite.options];

    const refused = await up.calib(...resume);
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout + refused.stderr).toContain('packages.torch: 2.10.0 → not installed');
    expect(refused.stdout + refused.stderr).toContain('--force-environment');

    const forced = await up.calib(...resume, '--force-environment');
    expect(forced.exitCode, forced.stderr).toBe(0);
    const report = await readFile(join(runDir, 'report.md'), 'utf8');
    expect(report).toContain('**Another environment was forced** (`--force-environment`, ');
    expect(report).toMatch(/^- Environment: `[0-9a-f]{12}` \(`environment\.json`\)$/m);
  });
});

describe('the active output', () => {
  it('is followed from pytest to pytest until the session ends', async () => {
    await suite.script('alpha', { print: ['alpha speaks'], waitFor: 'alpha-goes' });
    await suite.script('beta', { print: ['beta speaks'], waitFor: 'beta-goes' });
    const session = await up.startDetached(...suite.options, '--repeats', '1', '--label', 'logs');
    const logs = startCalib(['logs', session, '--follow'], { env: up.env });
    const notes = createInterface({ input: logs.stderr })[Symbol.asyncIterator]();
    const until = async (start: string): Promise<void> => {
      for (;;) {
        const { value, done } = await notes.next();
        if (done) throw new Error(`logs ended before "${start}"`);
        if (value.startsWith(start)) return;
      }
    };

    await until('==> test_alpha_ci run 1/1, attempt 1: ');
    await suite.release('alpha-goes');
    await until('--- test_alpha_ci run 1 ended (exit 0)');
    await until('==> test_beta_ci run 1/1, attempt 1: ');
    await suite.release('beta-goes');
    await until('--- test_beta_ci run 1 ended (exit 0)');
    await up.untilPhase(session, 'awaiting_decision');
    await up.calib('signal', session, 'apply', '--mode', 'report');

    const { exitCode, stdout } = await logs;
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').filter((line) => line.includes('speaks'))).toEqual([
      expect.stringContaining('alpha speaks') as string,
      expect.stringContaining('beta speaks') as string,
    ]);
    expect(stdout).toContain('1 passed');
  });
});
