import { appendFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type ScriptedSuite, makeScriptedSuite } from '../../fixtures/scripted-suite/make-scripted-suite.ts';
import { type CalibRun, cleanEnvironment, runBuiltCalib } from '../../e2e/built-calib.ts';
import { type EmbeddedUp, startUp } from '../../e2e/embedded-up.ts';

let suite: ScriptedSuite;

beforeAll(async () => {
  suite = await makeScriptedSuite();
});

afterAll(async () => {
  await suite.remove();
});

/** The options of the suite with one of them replaced. */
function optionsWith(name: string, value: string): string[] {
  const at = suite.options.indexOf(name);
  return suite.options.map((option, index) => (index === at + 1 ? value : option));
}

describe('without a Temporal server', () => {
  /** Nothing listens on port 1. */
  async function calib(...args: string[]): Promise<CalibRun> {
    const env = cleanEnvironment({ TEMPORAL_ADDRESS: '127.0.0.1:1', XDG_CONFIG_HOME: suite.dir });
    return await runBuiltCalib(args, { env });
  }

  it.each([
    ['start', () => ['start', '--detach', ...suite.options]],
    ['list', () => ['list']],
    ['query', () => ['query', 'latest', 'status']],
    ['signal', () => ['signal', 'latest', 'pause']],
    ['watch', () => ['watch', 'latest']],
    ['worker', () => ['worker']],
  ])('%s exits 3 and says how to start one', async (_name, args) => {
    const { exitCode, stdout, stderr } = await calib(...args());
    expect(exitCode, stderr).toBe(3);
    expect(stdout).toBe('');
    expect(stderr).toContain('no Temporal server answers on 127.0.0.1:1');
    expect(stderr).toContain('calib up');
  });

  it('nothing is written below the checkout by a start that was refused', async () => {
    expect(await readdir(suite.repo)).not.toContain('.tune-runs');
  });
});

describe('what start refuses before anything is written', () => {
  let up: EmbeddedUp;

  beforeAll(async () => {
    up = await startUp();
  });

  afterAll(async () => {
    await up.close();
  });

  async function refusedStart(...args: string[]): Promise<CalibRun> {
    const run = await up.calib('start', '--detach', ...args);
    expect(run.exitCode, run.stderr).toBe(2);
    expect(run.stdout).toBe('');
    return run;
  }

  it('an unknown stage, with the list of stages, bases and groups', async () => {
    const { stderr } = await refusedStart(...suite.options, '--stages', 'alpha_acuracy');
    for (const name of ['alpha_accuracy', 'alpha_speed', 'beta_wer', '@wer']) expect(stderr).toContain(name);
  });

  it('an unknown model, with the models of the catalog', async () => {
    const { stderr } = await refusedStart(...optionsWith('--model', 'scribbled'));
    expect(stderr).toContain('scribbled');
    expect(stderr).toMatch(/\bscripted\b/);
  });

  it('an unknown host, with the profiles of the catalog', async () => {
    const { stderr } = await refusedStart(
      ...suite.options.filter((option) => option !== '--no-host'),
      '--host',
      'elsewhere',
    );
    expect(stderr).toContain('elsewhere');
    expect(stderr).toContain('nowhere');
  });

  it('a machine without a profile, unless --no-host says so', async () => {
    const { stderr } = await refusedStart(...suite.options.filter((option) => option !== '--no-host'));
    expect(stderr).toContain('--no-host');
  });

  it('less than one repeat', async () => {
    const { stderr } = await refusedStart(...suite.options, '--repeats', '0');
    expect(stderr).toContain('at least 1');
  });

  it.each(['with/slash', 'with space', ''])('the label %j, which cannot name a folder', async (label) => {
    const { stderr } = await refusedStart(...suite.options, '--label', label);
    expect(stderr).toContain(`label ${JSON.stringify(label)} cannot name a run directory`);
  });

  it('stages of another shape than the catalog locks, with the command that cures it', async () => {
    const test = join(suite.repo, 'tests/test_beta_ci.py');
    const text = await readFile(test, 'utf8');
    await appendFile(test, '\nBETA_MIN_ACCURACY = 1\n');
    const { stderr } = await refusedStart(...suite.options);
    await writeFile(test, text);
    expect(stderr).toContain('beta_accuracy: is new, in tests/test_beta_ci.py');
    expect(stderr).toContain('calib discover --model scripted');
  });

  it('a run root inside version control that is not ignored', async () => {
    const { stderr } = await refusedStart(...suite.options, '--run-root', join(suite.repo, 'runs'));
    expect(stderr).toContain(join(suite.repo, 'runs'));
    expect(stderr).toContain('ignore');
  });

  it('a start that is hopeless: no interpreter, one without pytest, settings that nothing undoes, no test', async () => {
    const missing = await refusedStart(...optionsWith('--venv-python', '/nowhere/python'));
    expect(missing.stderr).toContain('no interpreter: /nowhere/python is missing');

    const bare = join(suite.dir, 'bare-venv');
    await execa(suite.venvPython, ['-m', 'venv', '--without-pip', bare]);
    const without = await refusedStart(...optionsWith('--venv-python', join(bare, 'bin/python')));
    expect(without.stderr).toContain("pytest (ModuleNotFoundError: No module named 'pytest')");
    expect(without.stderr).toContain('-m pip install pytest');

    const settings = join(suite.repo, 'pytest.ini');
    await writeFile(settings, '[pytest]\naddopts = --sw\n');
    const hostile = await refusedStart(...suite.options);
    await rm(settings);
    expect(hostile.stderr).toContain(`addopts --sw in ${settings}`);

    const config = join(suite.catalog, 'models/scripted/config.yaml');
    const text = await readFile(config, 'utf8');
    await writeFile(config, text.replace(/^test_globs:.*(\n {2}- .*)*/m, 'test_globs: [tests/none_*.py]'));
    const empty = await refusedStart(...suite.options);
    await writeFile(config, text);
    expect(empty.stderr).toContain('test_globs: the glob');
    expect(empty.stderr).toContain('tests/none_*.py');
  });

  it('a checkout that is none', async () => {
    const folder = join(suite.dir, 'empty');
    await mkdir(folder);
    const { stderr } = await refusedStart(...optionsWith('--repo-root', folder));
    expect(stderr).toContain(folder);
  });

  it('a run directory that does not exist, or one without --resume', async () => {
    const missing = await refusedStart('--resume', '--output-dir', join(suite.dir, 'none'), ...suite.options);
    expect(missing.stderr).toContain(join(suite.dir, 'none'));
    const positional = await refusedStart('--resume', join(suite.dir, 'none'), ...suite.options);
    expect(positional.stderr).toContain(join(suite.dir, 'none'));
    const bare = await refusedStart('--output-dir', suite.dir, ...suite.options);
    expect(bare.stderr).toContain('--resume');
  });

  it('--resume without a run directory, or with two', async () => {
    const none = await refusedStart('--resume', ...suite.options);
    expect(none.stderr).toContain('--resume needs the run directory');
    const two = await refusedStart('--resume', suite.dir, '--output-dir', suite.repo, ...suite.options);
    expect(two.stderr).toContain('--resume and --output-dir both name a run directory');
  });

  it('and a session of that name is not there to be asked: exit 3', async () => {
    for (const args of [
      ['query', 'nobody', 'status'],
      ['signal', 'latest', 'pause', '--any'],
      ['watch', 'nobody'],
    ]) {
      const { exitCode, stderr } = await up.calib(...args);
      expect(exitCode, stderr).toBe(3);
      expect(stderr).toContain('no session');
      expect(stderr).toContain('calib list --all');
    }
  });

  it('nothing was started or written by any of these', async () => {
    const { stdout } = await up.calib('list', '--all', '--json');
    expect(JSON.parse(stdout)).toEqual([]);
    expect(await readdir(suite.repo)).not.toContain('.tune-runs');
  });

  it('a dirty work tree is no reason: it is recorded, and its difference kept with untracked files', async () => {
    await appendFile(join(suite.repo, 'scripted.py'), '\n# changed\n');
    await writeFile(join(suite.repo, 'tests/notes.txt'), 'untracked\n');
    const run = await up.calib(
      'start',
      ...suite.options,
      '--stages',
      'beta',
      '--repeats',
      '1',
      '--label',
      'dirty',
    );
    expect(run.exitCode, run.stderr).toBe(0);
    expect(run.stderr).toContain('workspace.diff');
    const [session] = await readdir(join(suite.repo, '.tune-runs'));
    const runDir = join(suite.repo, '.tune-runs', session ?? '');
    const diff = await readFile(join(runDir, 'workspace.diff'), 'utf8');
    expect(diff).toContain('+# changed');
    expect(diff).toContain('tests/notes.txt');
    expect(JSON.parse(await readFile(join(runDir, 'plan.json'), 'utf8'))).toMatchObject({
      dirty: true,
      git_sha: suite.commit,
    });
    expect(await readFile(join(runDir, 'report.md'), 'utf8')).toMatch(/dirty|work tree/i);
  });
});
