import { assert, double, pre, property } from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  applyPython,
  fromRational,
  type PythonNumber,
} from '../../../src/domain/numbers/python-arithmetic.ts';
import { exactRational } from '../../../src/domain/numbers/python-numbers.ts';

const float = (value: number): PythonNumber => ({ value, isInteger: false });
const int = (value: number): PythonNumber => ({ value, isInteger: true });

describe('arithmetic as Python does it', () => {
  it.each([
    ['round', [float(2.675), int(2)], float(2.67)],
    ['round', [float(0.125), int(2)], float(0.12)],
    ['round', [float(2.5)], int(2)],
    ['round', [int(1250), int(-2)], int(1200)],
    ['div', [int(7), int(2)], float(3.5)],
    ['floordiv', [int(-7), int(2)], int(-4)],
    ['floordiv', [float(0.9), float(0.3)], float(3)],
    ['mod', [int(-7), int(3)], int(2)],
    ['mod', [float(-0.5), float(2)], float(1.5)],
    ['pow', [int(15), int(3)], int(3375)],
    ['max', [int(1), float(1)], int(1)],
    ['ceil', [float(1.1)], int(2)],
  ] as const)('%s of %j is %j', (operation, operands, result) => {
    expect(applyPython(operation, operands)).toEqual(result);
  });

  it.each([
    ['div', [int(1), int(0)]],
    ['mul', [int(2 ** 40), int(2 ** 40)]],
    ['pow', [float(2), float(0.5)]],
    ['sum', [float(1e16), float(1), float(-1e16)]],
  ] as const)('%s of %j has no certain result', (operation, operands) => {
    expect(applyPython(operation, operands)).toBe(null);
  });

  it('rounds a fraction to the double that it is', () => {
    assert(
      property(double({ noNaN: true, noDefaultInfinity: true, min: -1e200, max: 1e200 }), (value) => {
        pre(value === 0 || Math.abs(value) > 1e-200);
        expect(fromRational(exactRational(value)) === value).toBe(true);
      }),
    );
  });
});
