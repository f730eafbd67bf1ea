import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { cheapestAssignment } from '../../../src/domain/lanes/lanes.ts';

const sumOf = (costs: readonly (readonly number[])[], columns: readonly number[]): number =>
  columns.reduce((sum, column, row) => sum + (costs[row]?.[column] ?? Number.NaN), 0);

/** By trying everything. */
function least(costs: readonly (readonly number[])[], taken: readonly number[] = []): number {
  const row = costs[taken.length];
  if (row === undefined) return sumOf(costs, taken);
  return Math.min(
    ...row.flatMap((_, column) => (taken.includes(column) ? [] : [least(costs, [...taken, column])])),
  );
}

it('gives no column twice, and the least sum', () => {
  const sizes = fc.tuple(fc.integer({ min: 1, max: 5 }), fc.nat(2));
  const tables = sizes.chain(([rows, more]) =>
    fc.array(fc.array(fc.nat(20), { minLength: rows + more, maxLength: rows + more }), {
      minLength: rows,
      maxLength: rows,
    }),
  );
  fc.assert(
    fc.property(tables, (costs) => {
      const columns = cheapestAssignment(costs);
      expect(new Set(columns).size).toBe(costs.length);
      expect(sumOf(costs, columns)).toBe(least(costs));
    }),
  );
});

it('has nothing to give for no rows', () => {
  expect(cheapestAssignment([])).toEqual([]);
});
