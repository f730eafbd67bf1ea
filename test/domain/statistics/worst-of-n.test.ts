import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { CellFile } from '../../../src/domain/audit/strict.ts';
import { acceptedValues, worstOf, worstOfN } from '../../../src/domain/statistics/worst-of-n.ts';
import { makeStage, recorded } from '../audit/snapshot-fixture.ts';

describe('worst of N', () => {
  test('is the minimum for a lower bound and the maximum for an upper one', () => {
    expect(worstOfN({ values: [3, 1, 2], repeats: 3, worst: 'min' })).toBe(1);
    expect(worstOfN({ values: [3, 1, 2], repeats: 3, worst: 'max' })).toBe(3);
  });

  test('does not exist while a repeat is missing', () => {
    expect(worstOfN({ values: [3, null, 2], repeats: 3, worst: 'min' })).toBeNull();
  });

  test('does not exist for more or fewer values than N', () => {
    expect(worstOfN({ values: [3, 2], repeats: 3, worst: 'min' })).toBeNull();
    expect(worstOfN({ values: [3, 2, 1, 4], repeats: 3, worst: 'min' })).toBeNull();
  });

  test('does not exist for a value that is not finite', () => {
    expect(worstOfN({ values: [3, Number.NaN, 1], repeats: 3, worst: 'min' })).toBeNull();
  });

  test('of nothing is nothing', () => {
    expect(worstOf([], 'min')).toBeNull();
  });
});

const stage = makeStage({ expected_samples: 5 });
const badFile: fc.Arbitrary<CellFile> = fc.double({ min: 0, max: 1, noNaN: true }).chain((accuracy) =>
  fc.constantFrom<CellFile>(
    { kind: 'missing' },
    { kind: 'corrupt', error: 'x' },
    recorded({ metrics: { accuracy }, sample_counts: { total: 5, ok: 4 } }),
    recorded({ metrics: { accuracy }, sample_counts: { total: 4, ok: 4 } }),
    recorded({ metrics: { accuracy }, sample_counts: { total: null, ok: 5 } }),
    {
      ...(recorded({ metrics: { accuracy } }) as Extract<CellFile, { kind: 'recorded' }>),
      integrity: 'edited',
    },
    {
      ...(recorded({ metrics: { accuracy } }) as Extract<CellFile, { kind: 'recorded' }>),
      integrity: 'uncommitted',
    },
  ),
);
const goodFile = fc
  .double({ min: 0, max: 1, noNaN: true })
  .map((accuracy) => recorded({ metrics: { accuracy } }));

test('a cell that is not ✓ never enters a worst of N', () => {
  fc.assert(
    fc.property(
      fc.array(goodFile, { maxLength: 4 }),
      badFile,
      fc.array(goodFile, { maxLength: 4 }),
      (a, bad, b) => {
        const files = [...a, bad, ...b];
        const values = acceptedValues({ stage, metric: 'accuracy', files });
        expect(values[a.length]).toBeNull();
        expect(worstOfN({ values, repeats: files.length, worst: 'min' })).toBeNull();
      },
    ),
  );
});

test('with ✓ everywhere the worst is one of the values and no value is worse', () => {
  fc.assert(
    fc.property(
      fc.array(goodFile, { minLength: 1, maxLength: 6 }),
      fc.constantFrom('min', 'max'),
      (files, worst) => {
        const values = acceptedValues({ stage, metric: 'accuracy', files });
        const found = worstOfN({ values, repeats: files.length, worst });
        expect(values).toContain(found);
        const worse = values.filter((value) =>
          worst === 'min' ? Number(value) < Number(found) : Number(value) > Number(found),
        );
        expect(worse).toEqual([]);
      },
    ),
  );
});
