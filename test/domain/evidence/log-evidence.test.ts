import { describe, expect, test } from 'vitest';

import { describeEvidence, isFound } from '../../../src/domain/evidence/log-evidence.ts';

const base = { name: 'CUDA graphs', min_count: 1, fewest: 12, logs: 3, lacking: [] };
const lacking = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ namespace: 'test_a', repeat: index + 1, count: 0 }));

describe('evidence in the logs', () => {
  test('is found when every log has enough of it', () => {
    expect(describeEvidence(base)).toBe('CUDA graphs: found (at least 12 lines in each of 3 logs)');
    expect(describeEvidence({ ...base, logs: 1, fewest: 1 })).toBe(
      'CUDA graphs: found (at least 1 line in the one log)',
    );
  });

  test('is not found as soon as one log lacks it, and says which', () => {
    const evidence = {
      ...base,
      fewest: 0,
      lacking: [...lacking(1), { namespace: 'b', repeat: 2, count: null }],
    };
    expect(describeEvidence(evidence, '**')).toBe(
      'CUDA graphs: **not found** (1 line wanted in each log; test_a run 1: 0, b run 2: no log)',
    );
  });

  test('is not found without any log', () => {
    const evidence = { ...base, fewest: 0, logs: 0 };
    expect(isFound(evidence)).toBe(false);
    expect(describeEvidence(evidence)).toBe('CUDA graphs: not found (1 line wanted in each log; no logs)');
  });

  test('names five places at most', () => {
    expect(describeEvidence({ ...base, lacking: lacking(8) })).toMatch(/test_a run 5: 0, 3 more\)$/);
  });
});
