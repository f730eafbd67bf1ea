import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';

import { buildPytestCommand } from '../../../src/host/pytest/launch-command.ts';
import { judgeSettingsOf, readPytestSettings } from '../../../src/host/pytest/read-pytest-settings.ts';
import { makePlainSuite } from '../../fixtures/plain-suite/make-plain-suite.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

const none = { test: 'tests/sub/test_a.py', args: [] };
const table = '[tool.pytest.ini_options]\n';

describe('where the settings of a test file are', () => {
  it('is the nearest folder with any, and in it the first file that has some', async () => {
    const root = temporaryFolder({
      'pyproject.toml': `${table}addopts = "-x"\n`,
      'tox.ini': '[pytest]\naddopts = --lf\n',
      'tests/setup.cfg': '[metadata]\nname = x\n',
      'tests/sub/keep': '',
    });
    expect(await readPytestSettings(root, none)).toEqual({
      file: join(root, 'pyproject.toml'),
      addopts: ['-x'],
      options: {},
    });
  });

  it.each<[string, string, string[]]>([
    ['pytest.ini', '[pytest]\naddopts = -x\n', ['-x']],
    ['tox.ini', '[pytest]\naddopts = -x -q\n', ['-x', '-q']],
    ['setup.cfg', '[tool:pytest]\naddopts = -x\n', ['-x']],
    ['pyproject.toml', `${table}addopts = ["-x", "-q"]\n`, ['-x', '-q']],
    ['pytest.toml', '[pytest]\naddopts = ["-x"]\n', ['-x']],
  ])('may be %s', async (name, text, addopts) => {
    const root = temporaryFolder({ [`tests/${name}`]: text, 'tests/sub/keep': '' });
    expect((await readPytestSettings(root, none))?.addopts).toEqual(addopts);
  });

  it('ends at an empty pytest.ini, and is the file that -c names', async () => {
    const root = temporaryFolder({
      'tests/sub/pytest.ini': '',
      'pyproject.toml': `${table}addopts = "-x"\n`,
      'calm.ini': '[pytest]\n',
    });
    expect((await readPytestSettings(root, none))?.addopts).toEqual([]);
    const named = await readPytestSettings(root, { ...none, args: ['-c', 'calm.ini'] });
    expect(named?.file).toBe(join(root, 'calm.ini'));
  });

  it('is an error where the file cannot be parsed', async () => {
    const root = temporaryFolder({ 'pyproject.toml': '[tool\n', 'tests/sub/keep': '' });
    await expect(readPytestSettings(root, none)).rejects.toThrow('pyproject.toml: line 1');
  });
});

describe('a launch under hostile settings', () => {
  /** Runs pytest as a launch does; gives its exit code and the folder with the results. */
  async function launch(files: Record<string, string>) {
    const suite = makePlainSuite(files);
    onTestFinished(suite.remove);
    const test = 'tests/test_oak_ci.py';
    const out = temporaryFolder();
    const settings = await judgeSettingsOf(suite.root, { test, args: [] });
    const [program = '', ...args] = buildPytestCommand({
      venvPython: suite.python,
      test,
      baseTemp: join(out, 'base'),
      junitXml: join(out, 'junit.xml'),
      settingsArgs: settings.args,
    });
    const run = await execa(program, args, { cwd: suite.root, reject: false });
    return { exitCode: run.exitCode, out, stdout: run.stdout };
  }

  it('keeps the results of passing tests although the repository has them removed', async () => {
    const { exitCode, out, stdout } = await launch({
      'pyproject.toml': `${table}tmp_path_retention_policy = "failed"\ntmp_path_retention_count = 0\n`,
    });
    expect(exitCode, stdout).toBe(0);
    expect(JSON.parse(readFileSync(join(out, 'base/test_oak0/r.json'), 'utf8'))).toMatchObject({ ok: 10 });
    expect(existsSync(join(out, 'junit.xml'))).toBe(true);
  });

  it('runs the tests behind a failed one although the repository says -x', async () => {
    const { exitCode, out, stdout } = await launch({
      'pytest.ini': '[pytest]\naddopts = -x\n',
      'tests/test_oak_ci.py': [
        'def test_first(tmp_path):',
        '    assert False',
        'def test_second(tmp_path):',
        '    (tmp_path / "r.json").write_text("{}")',
      ].join('\n'),
    });
    expect(exitCode, stdout).toBe(1);
    expect(existsSync(join(out, 'base/test_second0/r.json'))).toBe(true);
  });
});
