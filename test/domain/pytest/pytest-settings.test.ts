import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { readIniSection, shellWords } from '../../../src/domain/pytest/ini-file.ts';
import { judgePytestSettings } from '../../../src/domain/pytest/pytest-settings.ts';

function judge(addopts: string[], options: Record<string, string> = {}) {
  return judgePytestSettings({ file: 'pytest.ini', addopts, options });
}

describe("pytest's settings of a repository", () => {
  it.each<[string, string[], string[]]>([
    ['-x', ['-ra', '-x'], []],
    ['a cluster of flags with x', ['-vx'], []],
    ['--maxfail', ['--maxfail', '1'], []],
    ['xdist', ['-n', 'auto', '--dist=loadfile'], ['-n0', '--dist=no']],
    ['xdist in one word', ['-n4'], ['-n0']],
    ['reruns', ['--reruns', '2', '--reruns-delay=1'], ['--reruns=0']],
    ['pytest-retry', ['--retries=2'], ['--retries=0']],
  ])('undoes %s in addopts', (_what, addopts, args) => {
    const judged = judge(addopts);
    expect([judged.args, judged.refused]).toEqual([args, []]);
    expect(judged.neutralised.length).toBeGreaterThan(0);
    expect(judged.neutralised[0]).toMatch(/^addopts -.* in pytest\.ini /);
  });

  it.each(['--sw', '--lf', '--collect-only', '--pdb', '-pno:tmpdir', '--force-flaky', '@more.txt'])(
    'refuses %s in addopts by name: nothing undoes it',
    (form) => {
      expect(judge([form])).toMatchObject({
        args: [],
        refused: [expect.stringContaining(`addopts ${form} in`)],
      });
    },
  );

  it('undoes settings of their own, and says nothing of harmless ones', () => {
    const hostile = { tmp_path_retention_policy: 'failed', tmp_path_retention_count: '0', reruns: '3' };
    expect(judge([], hostile)).toMatchObject({ args: ['-o', 'reruns=0'], refused: [] });
    expect(judge([], hostile).neutralised).toHaveLength(3);
    const harmless = { tmp_path_retention_policy: 'all', reruns: '0', markers: 'slow', timeout: '60' };
    const options = ['--strict-markers', '-p', 'no:cacheprovider', '--import-mode=importlib', '-k', 'x'];
    expect(judge(options, harmless)).toEqual({ args: [], neutralised: [], refused: [] });
    expect(judgePytestSettings(null)).toEqual({ args: [], neutralised: [], refused: [] });
  });
});

describe('ini files', () => {
  const text = `[other]
addopts = -x
[pytest]
# comment
addopts = -ra
    --maxfail=1
  ; comment
    -q
key: value
[next]
addopts = --lf
`;

  it('are read by section, with continued lines and without comments', () => {
    expect(readIniSection(text, 'pytest')).toEqual({ addopts: '-ra\n--maxfail=1\n-q', key: 'value' });
    expect(readIniSection(text, 'tool:pytest')).toBeNull();
  });

  it('have words as a shell splits them', () => {
    expect(shellWords(`-k "a or b" --x='it is' a\\ b ""\n-q`)).toEqual([
      '-k',
      'a or b',
      '--x=it is',
      'a b',
      '',
      '-q',
    ]);
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1 })), (words) => {
        const quoted = words.map((word) => `'${word.replaceAll("'", `'"'"'`)}'`).join(' ');
        expect(shellWords(quoted)).toEqual(words);
      }),
    );
  });
});
