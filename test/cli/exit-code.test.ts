import { describe, expect, it } from 'vitest';

import { exitCode, exitCodeOf } from '../../src/cli/exit-code.ts';

describe('exit codes', () => {
  it('maps every kind of failure for people', () => {
    const codes = (['refused', 'not-ready', 'invalid-input', 'unreachable'] as const).map(exitCodeOf);
    expect(codes).toEqual([1, 1, 2, 3]);
  });

  it('keeps 0 for done and 130 for interrupted', () => {
    expect([exitCode.done, exitCode.interrupted]).toEqual([0, 130]);
  });
});
