import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  chiSquareQuantile,
  clopperPearson,
  exceedsWorstOf,
  normalQuantile,
  normalUpperTail,
  shareUpperBound,
  studentUpperTail,
  tailUpperBound,
  toleranceFactor,
} from '../../../src/domain/risk/distributions.ts';

describe('known values', () => {
  test('95/95 tolerance factors of 5, 10 and 20 runs', () => {
    expect([5, 10, 20].map((n) => toleranceFactor(n, 0.95).toFixed(3))).toEqual(['4.203', '2.911', '2.396']);
  });

  test('a t with 4 degrees of freedom is beyond 2/√1.2 with probability 0.0710', () => {
    expect(studentUpperTail(2 / Math.sqrt(1.2), 4)).toBeCloseTo(0.071, 4);
  });

  test('3 standard deviations seen in 5 runs leave up to 13.8 % beyond', () => {
    expect(tailUpperBound(3, 5)).toBeCloseTo(0.138, 3);
  });

  test('quantiles of the normal and the χ² distribution', () => {
    expect(normalQuantile(0.8)).toBeCloseTo(0.8416, 4);
    expect(normalQuantile(0.8 ** (1 / 3))).toBeCloseTo(1.463, 3);
    expect(chiSquareQuantile(0.2, 4)).toBeCloseTo(1.6488, 4);
  });

  test('without a distribution 59 runs are needed for 95/95, and 5 runs bound a share at 45 %', () => {
    expect(shareUpperBound(0, 58)).toBeGreaterThan(0.05);
    expect(shareUpperBound(0, 59)).toBeLessThan(0.05);
    expect(shareUpperBound(0, 5)).toBeCloseTo(1 - 0.05 ** (1 / 5), 6);
  });

  test('Clopper–Pearson of 4 in 5', () => {
    const [low, high] = clopperPearson(4, 5);
    expect([low, high].map((share) => share.toFixed(4))).toEqual(['0.2836', '0.9949']);
    expect(clopperPearson(0, 5)[0]).toBe(0);
    expect(clopperPearson(5, 5)[1]).toBe(1);
  });

  test('a sixth run is beyond the worst of 5 once in 6', () => {
    expect(exceedsWorstOf(5, 0)).toBeCloseTo(1 / 6, 6);
  });
});

describe('tails', () => {
  test('are small far out, and never 0', () => {
    expect(normalUpperTail(10)).toBeCloseTo(7.62e-24, 25);
    expect(normalUpperTail(5.000001) / normalUpperTail(4.999999)).toBeCloseTo(1, 3);
    for (const tail of [normalUpperTail(100), studentUpperTail(1e9, 400), tailUpperBound(1e5, 5)]) {
      expect(tail).toBeGreaterThan(0);
    }
  });

  test('the bound falls with the distance, and stays above the share it bounds', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 40 }),
        fc.double({ min: -3, max: 30, noNaN: true }),
        fc.double({ min: 0.01, max: 3, noNaN: true }),
        (n, k, more) => {
          const near = tailUpperBound(k, n);
          expect(near).toBeGreaterThanOrEqual(normalUpperTail(k) * (1 - 1e-3));
          // The root is found to a millionth of a noncentrality, which far out is some hundred-thousandths of the share.
          expect(tailUpperBound(k + more, n)).toBeLessThanOrEqual(near * (1 + 1e-4));
        },
      ),
      { numRuns: 15 },
    );
  });
});
