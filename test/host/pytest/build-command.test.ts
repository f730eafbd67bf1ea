import { describe, expect, it } from 'vitest';

import { buildPytestCommand } from '../../../src/host/pytest/launch-command.ts';

describe('the pytest command', () => {
  it('is the interpreter, the test file, what calib insists on against any settings, and then the extra arguments', () => {
    expect(
      buildPytestCommand({
        venvPython: '/srv/venv/bin/python',
        test: 'tests/test_a_ci.py',
        baseTemp: '/srv/run/basetemp_run1',
        junitXml: '/srv/run/launch/junit.xml',
        settingsArgs: ['-n0'],
        extraArgs: ['--concurrency', '8'],
      }),
    ).toEqual([
      '/srv/venv/bin/python',
      '-m',
      'pytest',
      'tests/test_a_ci.py',
      '-v',
      '-s',
      '--basetemp=/srv/run/basetemp_run1',
      '--junitxml=/srv/run/launch/junit.xml',
      '--maxfail=0',
      '-o',
      'tmp_path_retention_policy=all',
      '-o',
      'tmp_path_retention_count=3',
      '-n0',
      '--concurrency',
      '8',
    ]);
  });

  it('keeps what a shell would interpret as one argument each', () => {
    const odd = ['$(touch /tmp/x)', '; rm -rf ~', '`id`', '*', '', "it's"];
    const command = buildPytestCommand({
      venvPython: '/srv/my venv/bin/python',
      test: 'tests/test a; b.py',
      baseTemp: '/srv/$HOME/x',
      junitXml: '/srv/j.xml',
      extraArgs: odd,
    });
    expect(command.slice(-odd.length)).toEqual(odd);
    expect(command).toContain('tests/test a; b.py');
    expect(command).toContain('--basetemp=/srv/$HOME/x');
  });

  it('refuses an argument that may not reach pytest, and says where it stands', () => {
    const command = () =>
      buildPytestCommand({
        venvPython: '/venv/bin/python',
        test: 't.py',
        baseTemp: '/b',
        junitXml: '/j',
        extraArgs: ['-x'],
      });
    expect(command).toThrow(
      expect.objectContaining({
        message: 'pytest may not be given -x',
        remedy: expect.stringContaining('pytest_extra_args') as string,
      }),
    );
  });
});
