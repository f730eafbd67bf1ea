import { describe, expect, test } from 'vitest';

import { startabilityProblems } from '../../../src/domain/session/startability.ts';
import type { StageMetric } from '../../../src/domain/stages/stage.ts';
import { sampleStage } from '../stages/sample-stage.ts';

const counts = {
  total: { json_file: 'r.json', json_path: 'summary.total' },
  ok: { json_file: 'r.json', json_path: 'summary.ok' },
};

function withMetric(change: Partial<StageMetric>) {
  const metrics = Object.entries(sampleStage().metrics).map(([key, metric]) => [
    key,
    { ...metric, ...change },
  ]);
  return sampleStage({ sample_counts: counts, metrics: Object.fromEntries(metrics) as never });
}

describe('a stage may be started', () => {
  test('when every metric and both counts are configured', () => {
    expect(startabilityProblems([withMetric({})])).toEqual([]);
  });

  test('without counts, where it is a docs stage that measures nothing', () => {
    const { sample_counts: _, ...docs } = sampleStage({ metrics: {} });
    expect(startabilityProblems([docs])).toEqual([]);
  });
});

describe('a stage that could never become strict ✓ is refused', () => {
  test('when a metric has no result file', () => {
    expect(startabilityProblems([withMetric({ status: 'NEEDS_CONFIG', json_file: null })])).toEqual([
      'chart_accuracy.accuracy: NEEDS_CONFIG (CHART_MIN_ACCURACY)',
    ]);
  });

  test('when a metric is claimed by several literals', () => {
    expect(startabilityProblems([withMetric({ status: 'AMBIGUOUS' })])).toEqual([
      'chart_accuracy.accuracy: AMBIGUOUS (CHART_MIN_ACCURACY)',
    ]);
  });

  test('when a count is not configured', () => {
    expect(startabilityProblems([sampleStage()])).toEqual([
      'chart_accuracy: sample count ok is not configured',
    ]);
  });
});
