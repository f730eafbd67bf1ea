import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  ceilTo4Decimals,
  exactRational,
  formatFixed,
  pythonFloatText,
  roundHalfEven,
} from '../../../src/domain/numbers/python-numbers.ts';

describe('display values', () => {
  test('exact ties go to the even digit', () => {
    expect(formatFixed(0.125, 2)).toBe('0.12');
    expect(formatFixed(2.5, 0)).toBe('2');
    expect(formatFixed(3.5, 0)).toBe('4');
  });

  test('what only looks like a tie is decided on the binary value', () => {
    expect(formatFixed(1.005, 2)).toBe('1.00');
    expect(formatFixed(2.675, 2)).toBe('2.67');
  });

  test('what is no finite number is said in Python’s words', () => {
    expect([Number.NaN, Infinity, -Infinity].map((value) => formatFixed(value, 2))).toEqual([
      'nan',
      'inf',
      '-inf',
    ]);
    expect([Number.NaN, Infinity, -Infinity].map(pythonFloatText)).toEqual(['nan', 'inf', '-inf']);
    expect(roundHalfEven(Number.NaN, 2)).toBeNaN();
  });
});

describe('the WER ceiling', () => {
  test('is idempotent for every four-decimal value in [0, 1]', () => {
    const values = Array.from({ length: 10_001 }, (_, k) => k / 10_000);
    expect(values.filter((value) => ceilTo4Decimals(value) !== value)).toEqual([]);
  });

  test('rounds up whatever lies between two steps', () => {
    expect(ceilTo4Decimals(0.0238764)).toBe(0.0239);
    expect(ceilTo4Decimals(0.02390000001)).toBe(0.024);
  });

  test('is the smallest step that is not below the value', () => {
    fc.assert(
      fc.property(fc.double({ min: -1000, max: 1000, noNaN: true }), (value) => {
        const ceiling = ceilTo4Decimals(value);
        const k = Math.round(ceiling * 10_000);
        expect(ceiling).toBe(k / 10_000);
        expect(ceiling).toBeGreaterThanOrEqual(value);
        expect((k - 1) / 10_000).toBeLessThan(value);
      }),
    );
  });

  test('leaves alone what has no decimals to round', () => {
    expect(ceilTo4Decimals(1e15)).toBe(1e15);
    expect(ceilTo4Decimals(Infinity)).toBe(Infinity);
  });
});

test.each([
  [0.375, 3n, 8n],
  [-2.5, -5n, 2n],
  [0.1, 3602879701896397n, 2n ** 55n],
  [2 ** 60, 2n ** 60n, 1n],
  [5e-324, 1n, 2n ** 1074n],
  [0, 0n, 1n],
])('%d is exactly its fraction', (value, top, bottom) => {
  const { numerator, denominator } = exactRational(value);
  expect(numerator * bottom).toBe(top * denominator);
});

test('what is no number has no fraction', () => {
  expect(() => exactRational(Number.NaN)).toThrow('not a finite number');
});

test('a float’s text reads back as the same float', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Number(pythonFloatText(value))).toBe(value);
    }),
  );
});
