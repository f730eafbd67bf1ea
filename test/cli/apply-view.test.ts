import { describe, expect, test } from 'vitest';

import {
  changedLiterals,
  describeChange,
  pendingLiterals,
  renderPlan,
} from '../../src/cli/commands/apply/apply-prompts.ts';
import type { ApplyPlanMetric } from '../../src/domain/apply/apply-plan-document.ts';
import { makeChange } from '../domain/publish/applied-fixture.ts';

const metric = (overrides: Partial<ApplyPlanMetric>): ApplyPlanMetric => ({
  metric_key: 'throughput_qps',
  source: "_P95['throughput_qps']",
  source_kind: 'nested',
  symbol: '_P95',
  outer_key: 8,
  place: null,
  variable: null,
  subkey: 'throughput_qps',
  stage_group: 'speed',
  worst_op: 'min',
  per_run_raw: [4.31],
  worst_raw: 4.31,
  worst_rounded: 4.31,
  write_value: 4.31,
  digits: 3,
  scale: 1,
  label: 'Throughput (req/s)',
  current_raw: 4.2,
  direction: 'tightens',
  current_text: '4.2',
  write_text: '4.31',
  location: null,
  unknown_reason: null,
  ...overrides,
});

describe('the change of one threshold', () => {
  test('has direction and signed percentage', () => {
    expect(describeChange(metric({}))).toBe('tightens (+2.6%)');
    expect(describeChange(metric({ direction: 'loosens', write_value: 4 }))).toBe('loosens (-4.8%)');
  });

  test('from 0 has no percentage; none and unknown are only named', () => {
    expect(describeChange(metric({ current_raw: 0 }))).toBe('tightens (n/a)');
    expect(describeChange(metric({ direction: 'equal' }))).toBe('equal');
    expect(describeChange(metric({ direction: 'unknown', current_raw: null }))).toBe('unknown');
  });
});

describe('the plan', () => {
  const stage = {
    stage_key: 'nova_speed',
    test: '/r/t.py',
    threshold_file: '/r/t.py',
    title: 'Speed',
    stage_group: 'speed',
    variant: null,
    calibration_preset: null,
    gpus: 0,
    concurrency: 8,
    warnings: [],
    metrics: [metric({}), metric({ metric_key: 'rtf_mean', direction: 'unknown', current_text: null })],
  };
  const plan = { model: 'm', run_dir: '/x', repeats: 1, stages: [stage], calibration_git_sha: '', files: [] };

  test('has one row per threshold, without colour where there is no terminal', () => {
    const rows = renderPlan(plan, {})
      .split('\n')
      .filter((line) => line.includes('nova_speed'));
    expect(rows.map((row) => row.split('│').map((cell) => cell.trim()))).toEqual([
      ['', 'nova_speed', 'throughput_qps', '4.2', '4.31', 'tightens (+2.6%)', ''],
      ['', 'nova_speed', 'rtf_mean', '?', '4.31', 'unknown', ''],
    ]);
  });

  test('is a list where the terminal is too narrow for the table', () => {
    expect(renderPlan(plan, { columns: 40 }).split('\n')).toEqual([
      'nova_speed.throughput_qps',
      '  4.2 → 4.31  tightens (+2.6%)',
      'nova_speed.rtf_mean',
      '  ? → 4.31  unknown',
    ]);
  });
});

test('a literal that two metrics share stands once in what is and what was written', () => {
  const shared = [makeChange(), makeChange({ stage_key: 'nova_stream_accuracy' })];
  expect(changedLiterals(shared)).toEqual(['tests/ci/test_nova_ci.py:NOVA_MIN_ACCURACY = 0.56']);
  expect(pendingLiterals(shared)).toEqual(['  tests/ci/test_nova_ci.py:NOVA_MIN_ACCURACY  0.50 → 0.56']);
});

test('a number of the operator’s own is marked before it is written', () => {
  expect(pendingLiterals([makeChange({ custom: true })])[0]).toMatch(/0\.56 {2}\(your number\)$/);
  const stricter = makeChange({ custom: true, stricter_than_observed: true });
  expect(pendingLiterals([stricter])[0]).toMatch(/\(stricter than observed\)$/);
});
