import { describe, expect, it } from 'vitest';

import { refuseForbiddenArguments } from '../../../src/domain/pytest/forbidden-arguments.ts';

describe('arguments that may not reach pytest (spec 05 §6)', () => {
  it.each([
    [['-x']],
    [['-vx']],
    [['-xvs']],
    [['--exitfirst']],
    [['--maxfail=1']],
    [['--maxfail', '1']],
    [['--stepwise']],
    [['--basetemp', '/tmp/x']],
    [['--basetemp=/tmp/x']],
    [['-p', 'no:tmpdir']],
    [['-pno:tmpdir']],
    [['-o', 'addopts=-x']],
    [['-oaddopts=-x']],
    [['--override-ini=addopts=--maxfail=1']],
    [['@arguments.txt']],
    [['--lf']],
    [['--collect-only']],
  ])('refuses %j', (args) => {
    expect(() => refuseForbiddenArguments(args)).toThrow(/pytest may not be given/);
  });

  it.each([
    [[]],
    [['-k', 'not slow']],
    [['-rx']],
    [['--timeout=3600']],
    [['-p', 'no:cacheprovider']],
    [['-m', 'x']],
    [['-o', 'log_cli=true']],
    [['-W', 'error']],
  ])('accepts %j', (args) => {
    expect(() => refuseForbiddenArguments(args)).not.toThrow();
  });
});
