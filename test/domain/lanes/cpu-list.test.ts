import * as fc from 'fast-check';
import { expect, it } from 'vitest';

import { formatCpuList, parseCpuList } from '../../../src/domain/lanes/lanes.ts';

it('reads numbers and ranges in any order', () => {
  expect(parseCpuList('66-68,2-4,9')).toEqual([2, 3, 4, 9, 66, 67, 68]);
});

it.each(['', '2-', '-3', '5-2', '1,1', '1-3,2', 'all', '0x1', '70000', '1;2'])('refuses %j', (text) => {
  expect(parseCpuList(text)).toBeNull();
});

it('writes what it reads, as short as can be', () => {
  expect(formatCpuList([3, 2, 4, 9])).toBe('2-4,9');
  fc.assert(
    fc.property(fc.uniqueArray(fc.nat(200), { minLength: 1 }), (cpus) => {
      expect(parseCpuList(formatCpuList(cpus))).toEqual(cpus.toSorted((a, b) => a - b));
    }),
  );
});
