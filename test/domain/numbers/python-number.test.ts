import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parsePythonNumber } from '../../../src/domain/numbers/python-numbers.ts';

describe('parsePythonNumber (any Python spelling)', () => {
  test.each([
    ['3', 3, true],
    ['+3', 3, true],
    ['-7', -7, true],
    ['1_000', 1000, true],
    ['0x1F', 31, true],
    ['0o17', 15, true],
    ['0b1_01', 5, true],
    ['000', 0, true],
    ['-0', 0, true],
    ['0.5', 0.5, false],
    ['-0.5', -0.5, false],
    ['- 0.5', -0.5, false],
    ['.5', 0.5, false],
    ['5.', 5, false],
    ['1e-3', 0.001, false],
    ['1E3', 1000, false],
    ['1_0.0_1e+1_0', 10.01e10, false],
    ['012.5', 12.5, false],
  ])('reads %s', (text, value, isInteger) => {
    expect(parsePythonNumber(text)).toEqual({ value, isInteger });
  });

  test.each([
    '0777',
    '1L',
    '3j',
    '1__0',
    '_1',
    '1_',
    '1e',
    '',
    '-',
    '--3',
    'nan',
    'inf',
    '1e999',
    '0x',
    '3.5.1',
  ])('refuses %s, which Python does not take for a real number of a double', (text) => {
    expect(parsePythonNumber(text)).toBeNull();
  });

  test('reads back every finite double from its shortest decimal', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 }), (value) => {
        const text = Number.isInteger(value) && value < 1e21 ? `${value}.0` : String(value);
        expect(parsePythonNumber(text)?.value).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});
