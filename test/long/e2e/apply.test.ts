import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';
import { runPytest } from '../../e2e/run-pytest.ts';

const ALPHA = 'tests/test_alpha_ci.py';
const BETA = 'tests/test_beta_ci.py';

let up: EmbeddedUp;

beforeAll(async () => {
  up = await startUp();
});

afterAll(async () => {
  await up.close();
});

describe('from a ready session to edited thresholds and back', () => {
  let suite: ScriptedSuite;
  let session: string;
  let runDir: string;
  let before: Record<string, string>;

  const source = async (path: string) => await readFile(join(suite.repo, path), 'utf8');

  beforeAll(async () => {
    suite = await makeScriptedSuite();
    await suite.script('alpha', { values: { accuracy: 0.8125, throughput_qps: 1.75 } }, 2);
    before = { [ALPHA]: await source(ALPHA), [BETA]: await source(BETA) };
    session = await up.startDetached(
      ...suite.options,
      '--stages',
      'ALL',
      '--repeats',
      '2',
      '--label',
      'apply',
    );
    runDir = join(suite.repo, '.tune-runs', session);
    await up.untilPhase(session, 'awaiting_decision');
  });

  afterAll(async () => {
    await suite.remove();
  });

  it('smart asks about what loosens: without a terminal nothing is sent, and the decision is still due', async () => {
    const run = await up.calib('apply', session, '--mode', 'smart');
    expect(run).toMatchObject({ exitCode: 1, stdout: '' });
    expect(run.stderr).toContain(
      'alpha_speed.throughput_qps: runs 4, 1.75; current 2.0, proposed 1.75 (loosens)',
    );
    expect(run.stderr).toContain("--decide 'alpha_speed.throughput_qps=keep|apply|NUMBER'");
    expect((await up.state(session)).phase.kind).toBe('awaiting_decision');
  });

  it('the dry run prints the diff and touches no file', async () => {
    const run = await up.calib('apply', session, '--mode', 'full', '--dry-run');
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toContain('-ALPHA_MIN_ACCURACY = 0.5\n+ALPHA_MIN_ACCURACY = 0.75');
    expect(run.stdout).toContain('+        "throughput_qps": 1.75,');
    expect(run.stdout).toContain('-BETA_WER_MAX_CORPUS = 0.25\n+BETA_WER_MAX_CORPUS = 0.125');
    expect({ [ALPHA]: await source(ALPHA), [BETA]: await source(BETA) }).toEqual(before);
  });

  it('full writes every literal, and says each once as file:symbol = new', async () => {
    const run = await up.calib('apply', session, '--mode', 'full');
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout.split('\n')).toEqual([
      `${ALPHA}:ALPHA_MIN_ACCURACY = 0.75`,
      `${ALPHA}:_ALPHA_P95[2]['throughput_qps'] = 1.75`,
      `${ALPHA}:_ALPHA_P95[2]['latency_mean_s'] = 0.5`,
      `${BETA}:BETA_WER_MAX_CORPUS = 0.125`,
    ]);
    expect(await source(ALPHA)).toContain('"throughput_qps": 1.75,');
    expect((await up.state(session)).phase).toMatchObject({
      kind: 'completed',
      decision: 'full',
      applied: 4,
    });
    const report = await readFile(join(runDir, 'report.md'), 'utf8');
    expect(report).toContain(
      "| alpha_speed | _ALPHA_P95[2]['throughput_qps'] | 2 | 1.75 | loosens (-12.5%) |",
    );
    expect(report.indexOf('## Applied changes')).toBeLessThan(report.indexOf('## Provenance'));
  });

  it('the suite holds against its new thresholds', async () => {
    const run = await runPytest({ repo: suite.repo, python: suite.venvPython }, 'tests');
    expect(run.stdout).toContain('2 passed');
    expect(run.exitCode).toBe(0);
  });

  it('a second decision is refused', async () => {
    const run = await up.calib('apply', session, '--mode', 'full');
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain('a session is decided once');
  });

  it('publish has the text ready and commits nothing by itself', async () => {
    const run = await up.calib('publish', session, '--json');
    expect(run.exitCode, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({
      session,
      files: [{ path: ALPHA }, { path: BETA }, { path: `docs/calibration/${session}-report.md` }],
      committed: null,
    });
    expect(await suite.git('rev-parse', 'HEAD')).toBe(suite.commit);
    expect(existsSync(join(suite.repo, 'docs'))).toBe(false);
  });

  it('undo restores the bytes although the session has ended', async () => {
    const run = await up.calib('apply', session, '--undo');
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout.split('\n')).toEqual([`restored ${ALPHA}`, `restored ${BETA}`]);
    expect({ [ALPHA]: await source(ALPHA), [BETA]: await source(BETA) }).toEqual(before);
    expect(await suite.git('status', '--porcelain')).toBe('');
    expect((await up.calib('publish', session)).stderr).toContain('the apply was undone');
  });
});
