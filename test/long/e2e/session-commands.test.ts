import { appendFile, readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, it, vi } from 'vitest';

import type { ScriptedSuite, ScriptedTest } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import type { EmbeddedUp } from '../../e2e/embedded-up.ts';
import { withScriptedWorld } from '../../e2e/scripted-world.ts';
import { defaultMaxLogBytes } from '../../../src/domain/session/session-plan.ts';

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

/** A session's line of `calib list --all`. */
async function listed(session: string): Promise<unknown> {
  const { exitCode, stdout } = await up.calib('list', '--all', '--json');
  expect(exitCode).toBe(0);
  return (JSON.parse(stdout) as { session: string }[]).find((each) => each.session === session);
}

describe('test files of another version than the catalog was reviewed with', () => {
  it('are measured as long as the shape of the stages is the same', async () => {
    await appendFile(join(suite.repo, 'tests/test_beta_ci.py'), '\n# a remark\n');
    const { session, runDir } = await start('--stages', 'beta', '--repeats', '1');
    await up.untilPhase(session, 'awaiting_decision');
    const plan = JSON.parse(await readFile(join(runDir, 'plan.json'), 'utf8')) as { stages_from: string };
    expect(plan.stages_from).toBe('discovery');
    expect(await readFile(join(runDir, 'stages.yaml'), 'utf8')).toContain('\nbeta_wer:\n');
  });
});

describe('pause and resume', () => {
  it('pause lets the running repeat end and launches nothing; resume goes on', async () => {
    await suite.script('alpha', { waitFor: 'go' }, 1);
    const { session } = await start('--repeats', '1', '--label', 'pause');
    await untilWaiting('alpha');
    const paused = await up.calib('signal', session, 'pause');
    expect(paused).toMatchObject({ exitCode: 0 });
    expect(paused.stdout).toContain('1 running repeat');
    await suite.release('go');
    await up.until(session, ({ phase, active }) => phase.kind === 'paused' && active.length === 0);
    expect([await suite.launches('alpha'), await suite.launches('beta')]).toEqual([1, 0]);
    const resumed = await up.calib('signal', session, 'resume', '--json');
    expect(JSON.parse(resumed.stdout)).toMatchObject({ session, command: 'resume', accepted: true });
    await up.untilPhase(session, 'awaiting_decision');
    expect([await suite.launches('alpha'), await suite.launches('beta')]).toEqual([1, 1]);
  });
});

describe('purge', () => {
  it('by stage or by test file sets the whole pytest repeat aside and runs it again', async () => {
    const { session, runDir } = await start('--repeats', '2', '--label', 'purge');
    await up.untilPhase(session, 'awaiting_decision');
    const byStage = await up.calib(
      'signal',
      session,
      'purge',
      '--stage',
      'alpha_speed',
      '--repeat',
      '2',
      '--reason',
      'noisy host',
    );
    expect(byStage).toMatchObject({ exitCode: 0, stderr: '' });
    await up.until(session, ({ phase, discarded }) => phase.kind === 'awaiting_decision' && discarded === 1);
    const byTest = await up.calib('signal', session, 'purge', '--test', 'test_beta_ci.py', '--repeat', '1');
    expect(byTest).toMatchObject({ exitCode: 0, stderr: '' });
    await up.until(session, ({ phase, discarded }) => phase.kind === 'awaiting_decision' && discarded === 2);
    expect([await suite.launches('alpha'), await suite.launches('beta')]).toEqual([3, 3]);
    const [kept] = await readdir(join(runDir, '_discarded', 'test_alpha_ci'));
    expect(kept).toMatch(/^run2\./);
    const discarded = await readdir(join(runDir, '_discarded', 'test_alpha_ci', kept ?? ''), {
      recursive: true,
    });
    expect(discarded.filter((path) => path.endsWith('run2.json'))).toHaveLength(2);
    const audit = await up.calib('strict-audit', '--run-dir', runDir);
    expect(audit.exitCode).toBe(0);
  });

  it('refuses what does not exist or is running, and says what does exist', async () => {
    await suite.script('alpha', { waitFor: 'go' });
    const { session } = await start('--repeats', '1', '--label', 'purge-refused');
    await untilWaiting('alpha');
    const running = await up.calib('signal', session, 'purge', '--stage', 'alpha_speed', '--repeat', '1');
    expect(running.exitCode).toBe(1);
    expect(running.stderr).toContain('test_alpha_ci repeat 1 is running');
    const unknown = await up.calib('signal', session, 'purge', '--stage', 'gamma', '--repeat', '1');
    expect(unknown.exitCode).toBe(1);
    expect(unknown.stderr).toContain('known: alpha_accuracy, alpha_speed, beta_wer');
    const early = await up.calib('signal', session, 'apply', '--mode', 'report');
    expect(early.exitCode).toBe(1);
    expect(early.stderr).toContain('no decision is due');
    await up.calib('signal', session, 'abort');
    await up.untilPhase(session, 'aborted');
  });
});

describe('halt', () => {
  it('a moved HEAD halts, is never mixed in, and the session goes on after the way back', async () => {
    await suite.script('alpha', { waitFor: 'go' }, 1);
    const { session, runDir } = await start('--repeats', '1', '--label', 'moved');
    await untilWaiting('alpha');
    await suite.git('commit', '--quiet', '--allow-empty', '--message', 'Another commit');
    await suite.release('go');
    const { phase, symbols } = await up.untilPhase(session, 'halted');
    expect(JSON.stringify(phase)).toContain(suite.commit);
    expect(symbols).toEqual({ alpha_accuracy: '—', alpha_speed: '—', beta_wer: '—' });
    await suite.git('checkout', '--quiet', suite.commit);
    expect(await up.calib('signal', session, 'resume')).toMatchObject({ exitCode: 0 });
    await up.untilPhase(session, 'awaiting_decision');
    expect(await observation(runDir, 'alpha_speed', 1)).toMatchObject({ git_sha: suite.commit });
    expect(await suite.launches('beta')).toBe(1);
  });
});

describe('list', () => {
  it('shows a session that was terminated in the Web UI as what it is, and its pytest is ended', async () => {
    await suite.script('beta', { waitFor: 'never' });
    const { session } = await start('--stages', 'beta', '--repeats', '1', '--label', 'terminated');
    await untilWaiting('beta');
    await up.client.workflow.getHandle(session).terminate('by hand');
    expect(await listed(session)).toMatchObject({ state: 'terminated' });
    await vi.waitFor(async () => expect(await suite.processes()).toEqual([]), {
      timeout: 40_000,
      interval: 200,
    });
  });

  it('still tells state, model and commit when the worker is gone, from the server alone', async () => {
    const { session } = await start('--stages', 'beta', '--repeats', '1', '--label', 'no-worker');
    await up.untilPhase(session, 'awaiting_decision');
    await up.kill();
    const seen = await listed(session);
    await up.again();
    expect(seen).toMatchObject({
      state: 'awaiting_decision',
      model: 'scripted',
      git_sha: suite.commit,
      strict: null,
    });
  });
});

describe('a run directory continued', () => {
  it('after its workflow has ended: valid repeats are kept, the rest are run, under limits raised since', async () => {
    await suite.script('beta', { waitFor: 'never' });
    const { session, runDir } = await start('--repeats', '1', '--label', 'carried-on', '--max-passes', '3');
    await untilWaiting('beta');
    await up.calib('signal', session, 'abort');
    await up.untilPhase(session, 'aborted');
    await suite.script('beta', {});
    const limits = 'max_result_bytes: 100000000\nmax_log_bytes: 1000000\n';
    await appendFile(join(suite.catalog, 'models/scripted/config.yaml'), limits);
    const run = await up.calib('start', '--resume', runDir, ...suite.options);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stdout).toContain(`session: ${session}`);
    expect([await suite.launches('alpha'), await suite.launches('beta')]).toEqual([1, 2]);
    const { stdout } = await up.calib('query', session, 'plan');
    // A limit of the model's config counts where it lets more through than the session began with.
    expect(JSON.parse(stdout)).toMatchObject({
      policies: { max_passes: 3, max_result_bytes: 100_000_000, max_log_bytes: defaultMaxLogBytes },
    });
  });

  it('with --stages runs those first, and then the rest: only all of them make a report', async () => {
    await suite.script('alpha', { waitFor: 'never' });
    const { session } = await start('--repeats', '1', '--label', 'subset');
    await untilWaiting('alpha');
    await up.calib('signal', session, 'abort');
    await up.untilPhase(session, 'aborted');
    await suite.script('alpha', {});
    const subset = ['--stages', 'beta_wer'];
    const run = await up.calib('start', '--resume', session, ...suite.options, ...subset);
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toContain('executing subset beta_wer of 3 planned stages first, then the rest');
    const order = (await readFile(join(suite.control, 'launches.log'), 'utf8')).trim().split('\n');
    expect(order.map((line) => line.split(' ')[0])).toEqual(['alpha', 'beta', 'alpha']);
  });

  it('is refused on another commit, naming both', async () => {
    const { session, runDir } = await start('--stages', 'beta', '--repeats', '1', '--label', 'other-commit');
    await up.untilPhase(session, 'awaiting_decision');
    await up.calib('signal', session, 'apply', '--mode', 'report');
    await suite.git('commit', '--quiet', '--allow-empty', '--message', 'Another commit');
    const head = await suite.git('rev-parse', 'HEAD');
    const run = await up.calib('start', '--resume', '--output-dir', runDir, '--detach', ...suite.options);
    expect(run.exitCode).toBe(2);
    expect(run.stderr).toContain(suite.commit);
    expect(run.stderr).toContain(head);
  });
});
