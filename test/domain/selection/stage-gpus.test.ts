import { describe, expect, it } from 'vitest';

import { planGpus, stageGpus } from '../../../src/domain/selection/units.ts';
import { stage } from './stage-fixtures.ts';

const config = { gpus_per_test: { 'test_nova_one_ci.py': 1, 'test_nova_none_ci.py': 0 } };

describe('stageGpus', () => {
  it("takes the stage's own number first", () => {
    expect(stageGpus(stage('one_wer', 'wer', { gpus: 4 }), config)).toBe(4);
  });

  it("takes its test file's number next", () => {
    expect(stageGpus(stage('one_wer', 'wer'), config)).toBe(1);
  });

  it('takes none when nothing is stated', () => {
    expect(stageGpus(stage('other_wer', 'wer'), config)).toBe(0);
  });

  it('respects a stated 0, on the stage and on the test file', () => {
    const counts = [stage('one_wer', 'wer', { gpus: 0 }), stage('none_wer', 'wer')];
    expect(counts.map((entry) => stageGpus(entry, config))).toEqual([0, 0]);
  });
});

describe('planGpus', () => {
  it('is the largest of the selected stages', () => {
    expect(planGpus([stage('one_wer', 'wer'), stage('other_wer', 'wer')], config)).toBe(1);
  });

  it('is 0 for an empty selection', () => {
    expect(planGpus([], config)).toBe(0);
  });
});
