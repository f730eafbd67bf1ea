import { expect, test } from 'vitest';

import { compareRuns, droppedMetrics } from '../../../src/domain/comparison/compare-runs.ts';
import { makeSnapshot, makeStage, recorded } from '../audit/snapshot-fixture.ts';

const runs = (...values: number[]) => values.map((accuracy) => recorded({ metrics: { accuracy } }));

test('compares the worst values with percent, direction and both spreads', () => {
  const before = makeSnapshot({ cells: { nova_accuracy: runs(0.5, 0.6, 0.55) } });
  const after = makeSnapshot({ cells: { nova_accuracy: runs(0.56, 0.58, 0.57) } });
  const [metric] = compareRuns(before, after);
  expect(metric).toMatchObject({
    before: { worst: 0.5, best: 0.6 },
    after: { worst: 0.56, best: 0.58 },
    direction: 'better',
  });
  expect(metric?.percent).toBeCloseTo(12, 10);
});

test('a metric that the earlier session did not measure has no earlier side', () => {
  const after = makeSnapshot({ stages: [makeStage({ key: 'nova_new' })] });
  expect(compareRuns(makeSnapshot(), after)[0]).toMatchObject({
    before: null,
    percent: null,
    direction: 'unknown',
  });
});

test('an earlier worst of 0 has no percentage', () => {
  const before = makeSnapshot({ cells: { nova_accuracy: runs(0, 0.5, 0.5) } });
  expect(compareRuns(before, makeSnapshot())[0]).toMatchObject({ percent: null, direction: 'better' });
});

test('an incomplete earlier matrix gives no worst to compare with', () => {
  const before = makeSnapshot({ cells: { nova_accuracy: [...runs(0.1, 0.2), { kind: 'missing' }] } });
  expect(compareRuns(before, makeSnapshot())[0]).toMatchObject({
    before: { worst: null },
    direction: 'unknown',
  });
});

test('what only the earlier session measured is listed', () => {
  const before = makeSnapshot({ stages: [makeStage(), makeStage({ key: 'nova_old' })] });
  expect(droppedMetrics(before, makeSnapshot())).toEqual(['nova_old.accuracy']);
  expect(droppedMetrics(makeSnapshot(), before)).toEqual([]);
});
