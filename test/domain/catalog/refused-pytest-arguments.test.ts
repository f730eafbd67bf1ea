import { describe, expect, it } from 'vitest';

import { refusedPytestArguments } from '../../../src/domain/catalog/refused-pytest-arguments.ts';

describe('refusedPytestArguments (spec 05 §6)', () => {
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
  ])('refuses %s', (argument) => {
    expect(refusedPytestArguments([argument])).toEqual([argument]);
  });

  it('joins -p with its value', () => {
    expect(refusedPytestArguments(['-v', '-p', 'no:tmpdir'])).toEqual(['-p no:tmpdir']);
  });

  it('refuses ini overrides of the retention of base temps', () => {
    expect(refusedPytestArguments(['-o', 'tmp_path_retention_policy=failed'])).toEqual([
      'tmp_path_retention_policy=failed',
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
      '-rx',
    ];
    expect(refusedPytestArguments(args)).toEqual([]);
  });
});
