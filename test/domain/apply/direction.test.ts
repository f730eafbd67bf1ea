import { expect, test } from 'vitest';

import { directionOf } from '../../../src/domain/apply/thresholds.ts';

test.each([
  [null, 1, 'min', 'unknown'],
  [1, null, 'max', 'unknown'],
  [1, 1 + 1e-13, 'min', 'equal'],
  [4.2, 4.31, 'min', 'tightens'],
  [4.31, 4.2, 'min', 'loosens'],
  [2, 1.9, 'max', 'tightens'],
  [1.9, 2, 'max', 'loosens'],
] as const)('from %s to %s with worst %s is %s', (current, next, worst, direction) => {
  expect(directionOf({ current, next, worst })).toBe(direction);
});
