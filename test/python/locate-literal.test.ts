import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { locateLiteral, readConcurrency } from '../../src/python/locate-literal.ts';
import { literalTarget } from './literal-target.ts';

function bare(source: string, symbol = 'A') {
  return locateLiteral(source, literalTarget({ symbol, subkey: null, concurrency: null }));
}

function nested(source: string, concurrency: number | null, subkey = 'rtf_mean') {
  return locateLiteral(source, literalTarget({ symbol: '_P', subkey, concurrency }));
}

describe('locateLiteral of a bare constant', () => {
  test.each(['0.5', '-0.5', '+3', '1_000', '1e-3', '.5', '5.', '0x10', '- 2'])(
    'reads the spelling %s',
    (text) => {
      expect(bare(`A = ${text}  # comment\n`)).toMatchObject({ kind: 'found', text, line: 1, column: 5 });
    },
  );

  test('reads an annotated assignment', () => {
    expect(bare('A: float = 0.5\n')).toMatchObject({ kind: 'found', value: 0.5, isInteger: false });
  });

  test('reads a name with a leading underscore', () => {
    expect(bare('_A = 3\n', '_A')).toMatchObject({ kind: 'found', value: 3, isInteger: true });
  });

  test('reads the last of several assignments, which is the one that Python keeps', () => {
    expect(bare('A = 1\nA: int = 2\n')).toMatchObject({ kind: 'found', value: 2, line: 2 });
  });

  test.each([
    ['missing', 'B = 1\n', null],
    ['computed', 'A = f(1)\n', 1],
    ['an alias', 'B = 1\nA = B\n', 2],
    ['a boolean', 'A = True\n', 1],
    ['a dictionary', 'A = {1: 2}\n', 1],
    ['reassigned under a condition', 'A = 1\nif x:\n    A = 2\n', 3],
    ['changed in place', 'A = 1\nA += 1\n', 2],
    ['reassigned in a tuple', 'A = 1\nA, B = 2, 3\n', 2],
    ['imported', 'from m import A\n', 1],
    ['in a file that is not Python', 'A = 1\nB = (\n', 2],
  ])('is unknown, with reason and line, when the symbol is %s', (_what, source, line) => {
    const result = bare(source);
    expect(result).toMatchObject({ kind: 'unknown', line });
    expect(result.kind === 'unknown' && result.reason.length > 10).toBe(true);
  });
});

describe('locateLiteral of a nested value', () => {
  const two = '_P = {8: {"rtf_mean": 0.5}, 16: {"x": 1, "rtf_mean": 0.7}}\n';

  test('takes the level of the given concurrency', () => {
    expect(nested(two, 16)).toMatchObject({ value: 0.7, concurrencyUsed: 16 });
  });

  test('falls back to the only level when no concurrency is given', () => {
    expect(nested('_P = {\n  8: {"rtf_mean": 5e-1},\n}\n', null)).toMatchObject({
      value: 0.5,
      concurrencyUsed: 8,
    });
  });

  test('resolves an outer key that is a name bound to an integer', () => {
    expect(nested('N = 16\n_P = {8: {"rtf_mean": 1}, N: {"rtf_mean": 2}}\n', 16)).toMatchObject({ value: 2 });
  });

  test.each([
    ['several levels and no concurrency', two, null],
    ['a level that does not exist, even if there is only one', '_P = {8: {"rtf_mean": 1}}\n', 16],
    ['a missing inner key', '_P = {8: {"x": 1}}\n', 8],
    ['an inner key twice', '_P = {8: {"rtf_mean": 1, "rtf_mean": 2}}\n', 8],
    ['a level twice', '_P = {8: {"rtf_mean": 1}, 8: {"rtf_mean": 2}}\n', 8],
    ['a level twice through a name', 'N = 8\n_P = {8: {"rtf_mean": 1}, N: {"rtf_mean": 2}}\n', 8],
    ['an expression', '_P = {8: {"rtf_mean": 2 * 3}}\n', 8],
    ['a key that cannot be read', '_P = {f(): {"rtf_mean": 1}, 8: {"rtf_mean": 2}}\n', 8],
    ['a splat outside', '_P = {**x, 8: {"rtf_mean": 2}}\n', 8],
    ['a splat inside', '_P = {8: {"rtf_mean": 2, **x}}\n', 8],
    ['a call around the dictionary', '_P = f({8: {"rtf_mean": 2}})\n', 8],
    ['an item assigned afterwards', '_P = {8: {"rtf_mean": 2}}\n_P[8]["rtf_mean"] = 3\n', 8],
    ['an inner value that is no dictionary', '_P = {8: 3}\n', 8],
    ['an empty dictionary', '_P = {}\n', null],
  ])('is unknown with a reason for %s', (_what, source, concurrency) => {
    expect(nested(source, concurrency)).toMatchObject({
      kind: 'unknown',
      reason: expect.stringMatching(/_P/),
    });
  });

  test('is not misled by a commented-out line', () => {
    expect(nested('_P = {\n  8: {\n    # "rtf_mean": 9,\n    "rtf_mean": 1,\n  },\n}\n', 8)).toMatchObject({
      value: 1,
      line: 4,
    });
  });
});

describe('the byte range', () => {
  test('covers exactly the number token, whatever stands before it', () => {
    const filler = fc.constantFrom('', '# é😀\r\n', '\r\n', 'X = "ß"\n', '\t\n', "T = '''\n日本\n'''\n");
    const literal = fc.constantFrom('0.5', '-1_0', '+3e-2', '.5');
    fc.assert(
      fc.property(fc.boolean(), fc.array(filler, { maxLength: 6 }), literal, (bom, before, text) => {
        const source = `${bom ? '\uFEFF' : ''}${before.join('')}Z = "Ω"; A = ${text} # 😀`;
        const result = bare(source);
        const bytes = Buffer.from(source);
        expect(result.kind === 'found' && bytes.subarray(result.startByte, result.endByte).toString()).toBe(
          text,
        );
      }),
    );
  });
});

describe('readConcurrency', () => {
  test.each([
    ['CONCURRENCY = 16\n', 16],
    ['CONCURRENCY: int = 1_6  # lanes\n', 16],
    ['CONCURRENCY = 0\n', null],
    ['CONCURRENCY = 1.5\n', null],
    ['CONCURRENCY = f()\n', null],
    ['CONCURRENCY = 4\nif x:\n    CONCURRENCY = 8\n', null],
    ['', null],
    ['CONCURRENCY = (\n', null],
  ])('of %j is %s', (source, expected) => {
    expect(readConcurrency(source)).toBe(expected);
  });
});
