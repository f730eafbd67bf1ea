import { describe, expect, it } from 'vitest';

import { refusedPytestArguments } from '../../../src/domain/catalog/names.ts';

describe('refusedPytestArguments', () => {
  it.each([
    '-x',
    '-xv',
    '-vsx',
    '--exitfirst',
    '--maxfail=1',
    '--stepwise',
    '--basetemp=/tmp/x',
    '-pno:tmpdir',
    '-p no:tmpdir',
    '-n4',
    '--dist=load',
    '--lf',
    '--collect-only',
    '@arguments.txt',
    '--junitxml=out.xml',
    '-p no:junitxml',
    '--reruns=2',
    '--retries=1',
    '--pdb',
    '-oaddopts=-x',
    '--override-ini=addopts=--maxfail=1',
  ])('refuses %s', (argument) => {
    expect(refusedPytestArguments([argument])).toEqual([argument]);
  });

  it.each([
    ['-p', 'no:tmpdir'],
    ['-o', 'addopts=-x'],
    ['--override-ini', 'addopts=-x'],
  ])('joins %s with its value', (flag, value) => {
    expect(refusedPytestArguments(['-v', flag, value])).toEqual([`${flag} ${value}`]);
  });

  it.each(['--maxfail', '--basetemp'])('refuses %s whose value is an argument of its own', (flag) => {
    expect(refusedPytestArguments([flag, '1'])).toEqual([flag]);
  });

  it('refuses ini overrides of the retention of base temps', () => {
    expect(refusedPytestArguments(['-o', 'tmp_path_retention_policy=failed'])).toEqual([
      '-o tmp_path_retention_policy=failed',
    ]);
  });

  it('lets harmless arguments pass', () => {
    const args = [
      '--concurrency',
      '16',
      '-v',
      '-s',
      '-k',
      'x',
      '--max-tokens',
      '5',
      '-p',
      'no:cacheprovider',
      '-o',
      'log_cli=true',
      '--timeout=3600',
      '-m',
      'x',
      '-rx',
    ];
    expect(refusedPytestArguments(args)).toEqual([]);
  });
});
