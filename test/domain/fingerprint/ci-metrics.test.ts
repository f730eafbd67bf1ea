import { describe, expect, test } from 'vitest';

import { ciMetricsSchema, compareWithCi } from '../../../src/domain/fingerprint/ci-metrics.ts';

const compare = (
  values: number[],
  ci: number[],
  { metric = 'throughput_qps', group = 'speed' }: { metric?: string; group?: string } = {},
) =>
  compareWithCi({
    stage: 'mmsu_speed',
    group,
    metric,
    values,
    ci: { source: 'ci/last.json', metrics: { [`mmsu_speed.${metric}`]: ci } },
  });

describe('a session against what CI measured', () => {
  test('a calibration on a faster host than that of CI needs a decision', () => {
    expect(compare([128.2, 127.9, 130.4], [89.6, 90.1, 88.7])).toEqual({
      runs: 3,
      ci_median: 89.6,
      median: 128.2,
      ratio: 128.2 / 89.6,
      needs_decision:
        'its median is 1.43 times that of CI (128.2 here, 89.6 in CI, 3 run(s) of ci/last.json)',
    });
  });

  test.each([
    [0.9, null],
    [1, null],
    [1.1, null],
    [0.899, /0\.90 times/],
    [1.101, /1\.10 times/],
  ])('a ratio of %d', (ratio, wanted) => {
    const doubt = compare([ratio * 1000], [1000])?.needs_decision;
    if (wanted === null) expect(doubt).toBeNull();
    else expect(doubt).toMatch(wanted);
  });

  test('an even number of values has the mean of the two in the middle as its median', () => {
    expect(compare([1, 4, 2, 100], [3])?.median).toBe(3);
  });

  test('what says something about the model is not compared, nor what CI did not measure or nobody did here', () => {
    expect(compare([0.7], [0.5], { metric: 'accuracy', group: 'accuracy' })).toBeNull();
    expect(compare([0.7], [0.5], { metric: 'own_quality', group: 'quality' })).toBeNull();
    expect(compare([0.7], [0.5], { metric: 'own_speed', group: 'speed' })).not.toBeNull();
    expect(compare([], [0.5])).toBeNull();
    expect(compare([1], [0])).toBeNull();
    const ci = { source: 'x', metrics: {} };
    const unknown = { stage: 'a', group: 'speed', metric: 'constructor', values: [1], ci };
    expect(compareWithCi(unknown)).toBeNull();
  });

  test.each([
    { a: [1] },
    { 'a.b': [] },
    { 'a.b': [Number.NaN] },
    { 'a.b': Array.from({ length: 101 }, () => 1) },
  ])('%j is refused', (metrics) => {
    expect(ciMetricsSchema.safeParse(metrics).success).toBe(false);
  });
});
