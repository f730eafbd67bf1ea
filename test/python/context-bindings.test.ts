import { describe, expect, test } from 'vitest';

import { readContextBindings } from '../../src/python/read-source-facts.ts';

describe('readContextBindings', () => {
  test('gives names in source order with the keyword and the literal behind them', () => {
    const source = 'N: int = 1_000\nC = 8\ndef t(x):\n    run(max_concurrency=C, a=[f(max_samples=N)])\n';
    expect(readContextBindings(source)).toEqual([
      { keyword: 'max_concurrency', name: 'C', literal: '8', line: 4 },
      { keyword: 'max_samples', name: 'N', literal: '1_000', line: 4 },
    ]);
  });

  test('includes literal arguments', () => {
    expect(readContextBindings('f(max_tokens=32, max_new_tokens=(64))\n')).toEqual([
      { keyword: 'max_tokens', name: null, literal: '32', line: 1 },
      { keyword: 'max_new_tokens', name: null, literal: '64', line: 1 },
    ]);
  });

  test('leaves out other keywords, expressions, lower-case names and None', () => {
    expect(
      readContextBindings('f(samples=N, max_samples=N * 2, max_tokens=n, max_concurrency=None)\n'),
    ).toEqual([]);
  });

  test('gives each combination once', () => {
    const source = 'N = 5\nf(max_samples=N)\ng(max_samples=N)\nh(max_tokens=N)\n';
    expect(readContextBindings(source).map(({ keyword, line }) => [keyword, line])).toEqual([
      ['max_samples', 2],
      ['max_tokens', 4],
    ]);
  });

  test.each([
    ['imported', 'from m import N\n'],
    ['computed', 'N = g()\n'],
    ['conditional', 'N = 5\nif x:\n    N = 6\n'],
    ['missing', ''],
  ])('never guesses: the literal of a name that is %s is null', (_what, head) => {
    expect(readContextBindings(`${head}f(max_samples=N)\n`)[0]).toMatchObject({ name: 'N', literal: null });
  });

  test('finds nothing in a file that does not parse', () => {
    expect(readContextBindings('f(max_samples=3\n')).toEqual([]);
  });
});
