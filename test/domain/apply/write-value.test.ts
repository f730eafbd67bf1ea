import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  isCount,
  isStricter,
  writeText,
  writeValue,
  type WriteValueOptions,
} from '../../../src/domain/apply/write-value.ts';
import { parsePythonNumber } from '../../../src/domain/numbers/python-numbers.ts';

const wer = { group: 'wer', worst: 'max', digits: 2, scale: 100 } as const;
const count = { group: 'wer', worst: 'max', digits: 0, scale: 1 } as const;
const speed = (worst: 'min' | 'max', digits: number) =>
  ({ group: 'speed', worst, digits, scale: 1 }) as const;

describe('the written value', () => {
  test.each<[string, WriteValueOptions, number, number]>([
    ['wer', wer, 0.0238764, 0.0239],
    ['wer, four decimals already', wer, 0.0119, 0.0119],
    ['wer, none', wer, 0, 0],
    ['wer, count', count, 2, 2],
    ['speed, rounding would tighten a lower bound', speed('min', 3), 1.3849, 1.3849],
    ['speed, rounding loosens a lower bound', speed('min', 3), 1.3851, 1.385],
    ['speed, rounding would tighten an upper bound', speed('max', 3), 2.1814, 2.1814],
    ['speed, rounding loosens an upper bound', speed('max', 3), 2.1816, 2.182],
    ['speed, a tie on the binary value', speed('min', 1), 60.85, 60.85],
    ['accuracy', { group: 'accuracy', worst: 'min', digits: 2, scale: 100 }, 0.56, 0.56],
    ['similarity', { group: 'similarity', worst: 'min', digits: 4, scale: 1 }, 0.612345678, 0.612345678],
    ['utmos', { group: 'utmos', worst: 'min', digits: 4, scale: 1 }, 3.912345678, 3.912345678],
    ['reliability', { group: 'reliability', worst: 'max', digits: 0, scale: 1 }, 1.5, 2],
  ])('%s', (_name, rule, worstRaw, written) => {
    expect(writeValue(worstRaw, rule)).toBe(written);
  });

  test('is null without an observation', () => {
    expect(writeValue(null, wer)).toBeNull();
  });

  test('of a fraction shown as a whole percentage is no count', () => {
    expect(writeValue(0.0238764, { ...wer, digits: 0 })).toBe(0.0239);
    expect(writeValue(0.56, { group: 'accuracy', worst: 'min', digits: 0, scale: 1 })).toBe(0.56);
  });

  test('is never stricter than what was observed', () => {
    const rule = fc.record({
      group: fc.constantFrom('wer', 'speed', 'accuracy', 'similarity', 'utmos', 'reliability', 'custom'),
      worst: fc.constantFrom('min' as const, 'max' as const),
      digits: fc.nat(6),
      scale: fc.constantFrom(1, 100),
    });
    fc.assert(
      fc.property(fc.double({ min: -1e6, max: 1e6, noNaN: true }), rule, (worstRaw, options) => {
        const written = writeValue(worstRaw, options);
        expect(isStricter(Number(written), worstRaw, options.worst)).toBe(false);
      }),
    );
  });
});

describe('the written text', () => {
  test.each<[number, WriteValueOptions, boolean, string]>([
    [0.0239, wer, false, '0.0239'],
    [2, count, false, '2'],
    [2, { group: 'reliability', worst: 'max', digits: 0, scale: 1 }, false, '2'],
    [4, speed('min', 3), true, '4'],
    [4, speed('min', 3), false, '4.0'],
    [4.31, speed('min', 3), true, '4.31'],
    [0.0001, wer, false, '0.0001'],
    [1e15, speed('max', 3), false, '1000000000000000.0'],
    [0, wer, false, '0.0'],
    [1e-7, speed('max', 3), false, '1e-07'],
    [-0, count, true, '0'],
    [-3, speed('min', 3), true, '-3'],
    [1e16, speed('min', 3), true, '1e+16'],
  ])('%d with %j replacing an integer: %s', (value, rule, currentIsInteger, text) => {
    expect(writeText(value, { ...rule, currentIsInteger })).toBe(text);
  });

  test('reads back as exactly the value', () => {
    const rules = fc.constantFrom<WriteValueOptions>(wer, count, speed('min', 3), speed('max', 1));
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        rules,
        fc.boolean(),
        (value, rule, isInteger) => {
          const text = writeText(value, { ...rule, currentIsInteger: isInteger });
          expect(parsePythonNumber(text)?.value).toBe(Number(text));
          expect(Number(text)).toBe(isInteger || isCount(rule) ? value + 0 : value);
        },
      ),
    );
  });
});
