import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { makePlainSuite } from '../../fixtures/plain-suite/make-plain-suite.ts';
import type { EmbeddedUp } from '../../e2e/embedded-up.ts';
import { withUp } from '../../e2e/scripted-world.ts';

type PlainSuite = ReturnType<typeof makePlainSuite>;

let up: EmbeddedUp;

withUp((started) => {
  up = started;
});

function suiteOf(files: Record<string, string> = {}): PlainSuite {
  const suite = makePlainSuite(files);
  onTestFinished(suite.remove);
  return suite;
}

async function start(suite: PlainSuite, ...args: string[]): Promise<{ session: string; runDir: string }> {
  const session = await up.startDetached(...suite.options, ...args);
  return { session, runDir: join(suite.root, '.tune-runs', session) };
}

const unit = 'test_oak_ci';

interface Attempt {
  reason: string;
  outcome: string;
  after_results?: string;
}

async function record(runDir: string, stage: string, repeat: number) {
  const text = await readFile(join(runDir, stage, `run${repeat}.json`), 'utf8');
  return JSON.parse(text) as { status: string; reason: string; metrics: Record<string, number> };
}

async function attempts(runDir: string, repeat: number): Promise<Attempt[]> {
  const text = await readFile(join(runDir, '_pytest', unit, `run${repeat}.attempts.json`), 'utf8');
  return (JSON.parse(text) as { attempts: Attempt[] }).attempts;
}

/** One test that writes its result and then does something. */
function oneTest(result: Record<string, number>, then: string): string {
  return `import atexit
import json
import os

OAK_MIN_ACCURACY = 0.60


def test_oak(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(${JSON.stringify(result)}))
    ${then}
`;
}

const projectFile = (settings: string) =>
  `[project]\nname = "suite"\nversion = "1.0"\n\n[tool.pytest.ini_options]\n${settings}\n`;

describe('a suite that knows nothing of calib, with a config of a few lines', () => {
  it('passes precheck, and its session ends in a report', async () => {
    const suite = suiteOf({ 'pyproject.toml': '[project]\nname = "suite"\nversion = "1.0"\n' });
    const precheck = await up.calib('precheck', ...suite.options);
    expect(precheck.exitCode, precheck.stdout + precheck.stderr).toBe(0);
    const run = await up.calib('start', ...suite.options, '--repeats', '2');
    expect(run.exitCode, run.stderr).toBe(0);
    const [session = ''] = await readdir(join(suite.root, '.tune-runs'));
    expect(run.stdout).toContain(session);
    const runDir = join(suite.root, '.tune-runs', session);
    expect((await up.state(session)).launches).toBe(2);
    expect((await record(runDir, 'oak_accuracy', 2)).metrics['accuracy']).toBeGreaterThan(0.6);
    expect(await readFile(join(runDir, 'report.md'), 'utf8')).toContain('oak_accuracy');
  });
});

describe('settings of pytest in the repository', () => {
  it('that remove passing results (tmp_path_retention_policy) remove none of a session', async () => {
    const suite = suiteOf({
      'pyproject.toml': projectFile('tmp_path_retention_policy = "failed"\ntmp_path_retention_count = 0'),
    });
    const { session, runDir } = await start(suite, '--repeats', '2');
    const { symbols, launches } = await up.untilPhase(session, 'awaiting_decision');
    expect(symbols).toEqual({ oak_accuracy: '✓✓' });
    expect(launches).toBe(2);
    expect(existsSync(join(runDir, '_pytest', unit, 'basetemp_run1/test_oak0/r.json'))).toBe(true);
  });

  it('that stop after the first failure (addopts = -x) leave no test out', async () => {
    const plain = suiteOf();
    const config = (await readFile(join(plain.root, 'models/oak/config.yaml'), 'utf8'))
      .replace('"test_oak0/r.json"', '"test_acc0/r.json"')
      .replace('{accuracy: "accuracy"}', '{accuracy: accuracy, corpus_wer: "test_wer0/r.json::wer"}');
    const suite = suiteOf({
      'pyproject.toml': projectFile('addopts = "-x"'),
      'models/oak/config.yaml': config,
      'tests/test_oak_ci.py': `import json

OAK_MIN_ACCURACY = 0.60
OAK_WER_MAX_CORPUS = 0.05


def test_acc(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps({"accuracy": 0.55, "total": 10, "ok": 10}))
    assert 0.55 >= OAK_MIN_ACCURACY


def test_wer(tmp_path):
    (tmp_path / "r.json").write_text(json.dumps({"wer": 0.04, "total": 10, "ok": 10}))
    assert 0.04 <= OAK_WER_MAX_CORPUS
`,
    });
    const { session, runDir } = await start(suite, '--repeats', '1');
    const { symbols, launches } = await up.untilPhase(session, 'awaiting_decision');
    expect(symbols).toEqual({ oak_accuracy: '✓', oak_wer: '✓' });
    expect(launches).toBe(1);
    expect((await record(runDir, 'oak_accuracy', 1)).metrics).toEqual({ accuracy: 0.55 });
    expect((await record(runDir, 'oak_wer', 1)).metrics).toEqual({ corpus_wer: 0.04 });
  });
});

describe('a crash while the interpreter shuts down', () => {
  it('after complete results counts at the first attempt, and record and report say how pytest ended', async () => {
    const suite = suiteOf({
      'tests/test_oak_ci.py': oneTest({ accuracy: 0.66, total: 10, ok: 10 }, 'atexit.register(os.abort)'),
    });
    const { session, runDir } = await start(suite, '--repeats', '2');
    const { symbols, launches } = await up.untilPhase(session, 'awaiting_decision');
    expect(symbols).toEqual({ oak_accuracy: '✓✓' });
    expect(launches).toBe(2);
    for (const repeat of [1, 2]) {
      const [only, ...more] = await attempts(runDir, repeat);
      expect(more).toEqual([]);
      expect(only?.after_results).toBe('SIGABRT after the results');
    }
    expect(await readFile(join(runDir, 'report.md'), 'utf8')).toContain('SIGABRT after the results');
  });
});

describe('samples that are always missing', () => {
  it('halt the session after two launches that missed the same number', async () => {
    const suite = suiteOf({
      'tests/test_oak_ci.py': oneTest({ accuracy: 0.64, total: 10, ok: 8 }, 'assert True'),
    });
    const { session, runDir } = await start(suite, '--repeats', '2');
    const { phase, launches } = await up.untilPhase(session, 'halted');
    expect(phase).toMatchObject({ kind: 'halted', cause: { namespace: unit, repeat: 1 } });
    expect(JSON.stringify(phase)).toContain('twice the same number');
    expect(launches).toBe(2);
    const logs = await readdir(runDir, { recursive: true });
    expect(logs.filter((path) => /run\d+\.attempt\d+\.log$/.test(path))).toHaveLength(2);
  });
});

describe('start --smoke', () => {
  it('launches each unit once, ends by itself with what it saw, and records no calibration', async () => {
    const suite = suiteOf();
    const run = await up.calib('start', ...suite.options, '--smoke');
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toContain('smoke: 1 of 1 unit measured in full');
    expect(run.stdout).toContain(`✓ ${unit}`);
    const [session = ''] = await readdir(join(suite.root, '.tune-runs'));
    expect((await up.client.workflow.getHandle(session).describe()).status.name).toBe('COMPLETED');
    const files = await readdir(join(suite.root, '.tune-runs', session), { recursive: true });
    expect(files).toContain(`_pytest/${unit}/run1.smoke.json`);
    expect(files.filter((path) => /report|oak_accuracy\/run1\.json/.test(path))).toEqual([]);
  });

  it('of a suite that measures nothing launches it once, too, and exits 1 with what it saw', async () => {
    const suite = suiteOf({
      'tests/test_oak_ci.py': oneTest({ accuracy: 0.64, total: 10, ok: 8 }, 'assert True'),
    });
    const run = await up.calib('start', ...suite.options, '--smoke');
    expect(run.exitCode, run.stderr).toBe(1);
    expect(run.stdout).toContain('smoke: 0 of 1 unit measured in full');
    expect(run.stdout).toContain(`✗ ${unit}`);
    const launches = await readdir(join(suite.root, '.tune-runs'), { recursive: true });
    expect(launches.filter((path) => /attempt\d+\.log$/.test(path))).toHaveLength(1);
  });
});

describe('calib prune', () => {
  it('removes base temps and logs of an ended session: no record, report or journal', async () => {
    const suite = suiteOf();
    const { session, runDir } = await start(suite, '--repeats', '1');
    await up.untilPhase(session, 'awaiting_decision');
    const prune = async (...args: string[]) =>
      await up.calib('prune', '--repo-root', suite.root, '--keep', '0', ...args);
    const waiting = await prune();
    expect(waiting.stdout).toContain('of 0 session(s)');
    expect(await up.calib('signal', session, 'apply', '--mode', 'report')).toMatchObject({ exitCode: 0 });
    await up.client.workflow.getHandle(session).result();

    const before = await filesOf(runDir);
    const dry = await prune('--dry-run');
    expect(dry.stdout).toContain(`of ${runDir}`);
    expect(await filesOf(runDir)).toEqual(before);

    const done = await prune();
    expect(done.exitCode, done.stderr).toBe(0);
    expect(done.stdout).toContain('of 1 session(s)');
    const goes = /\/basetemp_run\d+(\/|$)|\/run\d+(\.attempt\d+)?\.log$/;
    const kept = before.filter((path) => !path.startsWith('_pytest/') || !goes.test(path));
    expect(before.length).toBeGreaterThan(kept.length);
    expect(await filesOf(runDir)).toEqual(kept);
    expect(kept).toEqual(
      expect.arrayContaining([
        'report.md',
        'run.log',
        'oak_accuracy/run1.json',
        `_pytest/${unit}/run1.attempts.json`,
      ]),
    );
    expect(await up.calib('strict-audit', runDir)).toMatchObject({ exitCode: 0 });
    expect((await up.calib('report', runDir)).exitCode).toBe(0);
  });
});

async function filesOf(dir: string): Promise<string[]> {
  return (await readdir(dir, { recursive: true })).toSorted();
}
