import { readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import type { ScriptedSuite, ScriptedTest } from '../fixtures/scripted-suite/make-scripted-suite.ts';
import type { EmbeddedUp } from './embedded-up.ts';
import { withScriptedWorld } from './scripted-world.ts';

let up: EmbeddedUp;
let suite: ScriptedSuite;

withScriptedWorld((world) => {
  ({ up, suite } = world);
});

/** Starts a session of the scripted suite; gives its id and run directory. */
async function start(...args: string[]): Promise<{ session: string; runDir: string }> {
  const session = await up.startDetached(...suite.options, ...args);
  return { session, runDir: join(suite.repo, '.tune-runs', session) };
}

async function untilWaiting(test: ScriptedTest): Promise<void> {
  await vi.waitFor(async () => expect(await suite.isWaiting(test)).toBe(true), {
    timeout: 30_000,
    interval: 50,
  });
}

async function observation(runDir: string, stage: string, repeat: number): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(runDir, stage, `run${repeat}.json`), 'utf8')) as Record<
    string,
    unknown
  >;
}

/** One of each kind, end to end; what leads to each outcome is tested where it is decided. */
describe('a session of the built program', () => {
  it('reaches its decision; a missed threshold is data: the repeat counts and is not run again', async () => {
    await suite.script('alpha', { values: { accuracy: 0.25 } });
    const { session, runDir } = await start('--stages', 'alpha', '--repeats', '2', '--label', 'threshold');
    const { phase, symbols } = await up.untilPhase(session, 'awaiting_decision');
    expect(phase.kind).toBe('awaiting_decision');
    expect(symbols).toEqual({ alpha_accuracy: '✓✓', alpha_speed: '✓✓' });
    expect(await suite.launches('alpha')).toBe(2);
    expect(await observation(runDir, 'alpha_accuracy', 1)).toMatchObject({
      status: 'ok',
      reason: 'threshold_assertion (exit 1)',
      metrics: { accuracy: 0.25 },
      pytest_rc: 1,
      git_sha: suite.commit,
    });
    expect(await readFile(join(runDir, 'report.md'), 'utf8')).toContain('**25.00**');
  });

  it('a partial repeat is discarded whole and run again within the budget', async () => {
    await suite.script('beta', { values: { scored_samples: 2 } }, 1);
    const { session, runDir } = await start('--stages', 'beta', '--repeats', '1', '--label', 'partial');
    const { symbols } = await up.untilPhase(session, 'awaiting_decision');
    expect(symbols).toEqual({ beta_wer: '✓' });
    expect(await suite.launches('beta')).toBe(2);
    expect(await readdir(join(runDir, '_discarded', 'test_beta_ci'))).toHaveLength(1);
  });

  it('a wrong path in the config halts, and after the fix no GPU time is spent twice', async () => {
    const config = join(suite.catalog, 'models/scripted/config.yaml');
    const right = await readFile(config, 'utf8');
    await writeFile(config, right.replace('summary.wer_corpus', 'summary.wer'));
    await suite.discover();
    const { session } = await start('--stages', 'beta', '--repeats', '1', '--label', 'halt');
    const { phase } = await up.untilPhase(session, 'halted');
    expect(phase).toMatchObject({ kind: 'halted', cause: { namespace: 'test_beta_ci', stage: 'beta_wer' } });
    expect(JSON.stringify(phase)).toContain('summary.wer_corpus');
    const watched = await up.calib('watch', session);
    expect(watched.exitCode).toBe(1);
    expect(watched.stdout).toContain('HALTED');
    expect(watched.stderr).toContain(`calib signal ${session} resume`);
    await writeFile(config, right);
    await suite.discover();
    expect(await up.calib('signal', session, 'resume')).toMatchObject({ exitCode: 0 });
    const { symbols } = await up.untilPhase(session, 'awaiting_decision');
    expect(symbols).toEqual({ beta_wer: '✓' });
    expect(await suite.launches('beta')).toBe(1);
  });

  it('that is aborted ends the running pytest and its orphans, keeps what is recorded, and ends the session', async () => {
    await suite.script('beta', { orphan: true, ignoreTerm: true, waitFor: 'never' });
    const { session, runDir } = await start('--repeats', '1', '--label', 'abort');
    await untilWaiting('beta');
    expect(await suite.processes()).not.toEqual([]);
    const aborted = await up.calib('signal', session, 'abort', '--reason', 'enough');
    expect(aborted).toMatchObject({ exitCode: 0 });
    const { phase } = await up.untilPhase(session, 'aborted');
    expect(phase).toEqual({ kind: 'aborted', reason: 'enough' });
    expect(await suite.processes()).toEqual([]);
    const audit = await up.calib('strict-audit', '--run-dir', runDir, '--json');
    const { stages } = JSON.parse(audit.stdout) as { stages: { cells: string[] }[] };
    expect(stages.map(({ cells }) => cells.join(''))).toEqual(['✓', '✓', '—']);
    const late = await up.calib('signal', session, 'pause');
    expect(late.exitCode).toBe(1);
    expect(late.stderr).toContain('the session has ended');
  });
});
