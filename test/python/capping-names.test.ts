import { expect, test } from 'vitest';

import { readSourceFacts } from '../../src/python/read-source-facts.ts';

function cappingNames(source: string): string[] {
  const read = readSourceFacts(source);
  if (read.kind === 'syntax-error') throw new Error(read.message);
  return read.facts.cappingNames;
}

test('constants that min() and max() get as they are cap something', () => {
  expect(cappingNames('T["a"] = min(\n    T["a"],\n    CAP_MAX,\n)\nU = max (FLOOR_MIN, X * 2)\n')).toEqual([
    'CAP_MAX',
    'FLOOR_MIN',
  ]);
});

test('a reference that the cap is applied to does not, nor does a method, a word or a string of that name', () => {
  expect(
    cappingNames(
      'T = min(REF * 1.1, round(OTHER))\nq.max(A)\nargmax(B)\ns = "min(C)"\n# min(D)\nmin(lower)\n',
    ),
  ).toEqual([]);
});
