import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { metricRisk, type MetricRiskInput } from '../../../src/domain/risk/metric-risk.ts';
import { metricTarget, riskClass } from '../../../src/domain/risk/risk-class.ts';
import type { RiskGate } from '../../../src/domain/risk/risk-gate.ts';

const upper = (threshold: number, inclusive = true): RiskGate => ({
  op: inclusive ? '<=' : '<',
  threshold,
  otherSide: null,
  inclusive,
});
const lower = (threshold: number, inclusive = true): RiskGate => ({
  op: inclusive ? '>=' : '>',
  threshold,
  otherSide: null,
  inclusive,
});

const latency = { group: 'speed', worst: 'max', digits: 3, scale: 1, items: null } as const;
const throughput = { ...latency, worst: 'min' } as const;
const accuracy = { group: 'accuracy', worst: 'min', digits: 2, scale: 100 } as const;
const failures = { group: 'reliability', worst: 'max', digits: 0, scale: 1, items: null } as const;

function risk(input: Partial<MetricRiskInput> & Pick<MetricRiskInput, 'values' | 'gate'>) {
  return metricRisk({ ...latency, attempts: 3, target: 0.01, ...input });
}

describe('published series of five runs', () => {
  test('a short latency with 12.5 % slack', () => {
    const values = [0.217, 0.226, 0.228, 0.219, 0.234];
    const found = risk({ values, gate: upper(0.234 * 1.125) });
    expect(found.cv_percent).toBeCloseTo(3.1, 1);
    expect(found.p).toBeCloseTo(0.0046, 4);
    expect(found.p_upper).toBeCloseTo(0.019, 3);
    expect(found.regression_80).toBeCloseTo(0.202, 3);
    expect(found.regression_80_attempts).toBeCloseTo(0.225, 3);
    expect(found.slack).toBeCloseTo(0.125, 6);
  });

  test('the same latency with the slack rounded to one decimal', () => {
    const values = [0.217, 0.226, 0.228, 0.219, 0.234];
    expect(risk({ values, gate: upper(0.3) }).p).toBeCloseTo(0.0005, 4);
  });

  test('a throughput with 10 % slack', () => {
    const values = [97.144, 98.422, 100.054, 93.506, 94.703];
    const found = risk({ ...throughput, values, gate: lower(93.506 * 0.9) });
    expect(found.cv_percent).toBeCloseTo(2.8, 1);
    expect(found.p).toBeCloseTo(0.005, 4);
    expect(found.p_upper).toBeCloseTo(0.022, 3);
    expect(found.regression_80).toBeCloseTo(0.177, 3);
    expect(found.regression_80_attempts).toBeCloseTo(0.197, 3);
  });

  test('a long latency with one slow run, which makes it a coin', () => {
    const values = [21.573, 18.617, 18.524, 18.749, 18.818];
    const found = risk({ values, gate: upper(21.573 * 1.125) });
    expect(100 * (found.sd ?? 0)).toBeCloseTo(6.5, 1);
    expect(found.cv_percent).toBeCloseTo(6.7, 1);
    expect(found.p).toBeCloseTo(0.0152, 4);
    expect(found.p_upper).toBeCloseTo(0.085, 3);
    expect(found.regression_80).toBeCloseTo(0.33, 2);
    expect(found.regression_80_attempts).toBeCloseTo(0.39, 2);
    expect(riskClass(found, { isConstant: false, fails: false, target: 0.01 })).toBe('coin');
  });
});

describe('without a usable spread', () => {
  test('five equal runs leave at most 1 in 6, and 45 % possible', () => {
    const found = risk({ ...failures, values: [0, 0, 0, 0, 0], gate: upper(0) });
    expect(found).toMatchObject({ p: null, flips_to_fail: 1, no_spread: { p_at_most: 1 / 6 } });
    expect(found.no_spread?.upper_bound).toBeCloseTo(0.45, 2);
    expect(found.p_upper).toBeCloseTo(0.45, 2);
    expect(riskClass(found, { isConstant: true, fails: false, target: 0.01 })).toBe('unresolved');
  });

  test('a share whose step is coarser than its spread has none', () => {
    const found = risk({
      ...accuracy,
      items: 20,
      values: [0.7, 0.7, 0.7, 0.7, 0.75],
      gate: lower(0.65),
    });
    expect(found.no_spread?.reason).toContain('one of 20 items');
    expect(found.flips_to_fail).toBe(2);
  });

  test('equal runs that the gate rejects fail every time', () => {
    const found = risk({ ...accuracy, items: 50, values: [0.7, 0.7, 0.7], gate: lower(0.7, false) });
    expect(found).toMatchObject({ p: 1, p_upper: 1, flips_to_fail: 0 });
    expect(riskClass(found, { isConstant: true, fails: true, target: 0.01 })).toBe('coin');
  });

  test('equal runs with room for more than one flip are constant', () => {
    const found = risk({ ...accuracy, items: 50, values: [0.7, 0.7, 0.7], gate: lower(0.66) });
    expect(found.flips_to_fail).toBe(3);
    expect(riskClass(found, { isConstant: true, fails: false, target: 0.01 })).toBe('constant');
  });
});

describe('the gate', () => {
  test('at the bare worst of N fails at most once in N + 1, whatever the distribution', () => {
    const values = [1, 1.2, 1.2, 1.2, 1.2];
    expect(risk({ values, gate: upper(1.2) }).p).toBe(1 / 6);
  });

  test('with two sides can fail on both', () => {
    const values = [0.68, 0.7, 0.72, 0.69, 0.71];
    const one = risk({ ...accuracy, items: null, values, gate: lower(0.65) });
    const gate: RiskGate = { op: 'within', threshold: 0.65, otherSide: 0.75, inclusive: false };
    const both = risk({ ...accuracy, items: null, values, gate });
    expect(both.p).toBeCloseTo(2 * (one.p ?? 0), 6);
  });

  test('one of whose items decides is unresolved', () => {
    const found = risk({
      ...accuracy,
      items: 1000,
      values: [0.7, 0.712, 0.705],
      gate: lower(0.6995),
    });
    expect(found.flips_to_fail).toBe(1);
    expect(riskClass(found, { isConstant: false, fails: false, target: 0.01 })).toBe('unresolved');
  });
});

describe('recommendations', () => {
  const values = [21.573, 18.617, 18.524, 18.749, 18.818];

  test('meet the target when they are followed', () => {
    const found = risk({ values, gate: upper(21.573 * 1.125) });
    const { n, slack_percent: slack } = found.recommended;
    expect(n).toBeGreaterThan(5);
    expect(slack).toBeGreaterThan(12.5);
    expect(risk({ values, gate: upper(21.573 * (1 + (slack ?? 0) / 100)) }).recommended.n).toBe(5);
  });

  test('say nothing where no number of repeats is enough', () => {
    expect(risk({ values, gate: upper(20) }).recommended.n).toBeNull();
  });

  test('are for the share of the suite that one metric may use', () => {
    expect(metricTarget(2, 0.05)).toBe(0.01);
    expect(metricTarget(100, 0.05)).toBe(0.0005);
  });
});

const runs = fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 2, maxLength: 8 });

test('p is never 0, never above its bound, falls with the slack and does not depend on the unit', () => {
  fc.assert(
    fc.property(runs, fc.double({ min: 1, max: 3, noNaN: true }), (values, factor) => {
      const gate = Math.max(...values) * factor;
      const found = risk({ values, gate: upper(gate) });
      if (found.p === null || found.p_upper === null) {
        expect(found.no_spread?.p_at_most).toBeCloseTo(1 / (values.length + 1));
        return;
      }
      expect(found.p).toBeGreaterThan(0);
      expect(found.p_upper).toBeGreaterThanOrEqual(found.p);
      expect(risk({ values, gate: upper(gate * 1.1) }).p).toBeLessThanOrEqual(found.p);
      const milliseconds = values.map((value) => value * 1024);
      const scaled = risk({ values: milliseconds, gate: upper(gate * 1024) }).p ?? 0;
      expect(Math.abs(scaled - found.p)).toBeLessThan(1e-6);
    }),
    { numRuns: 20, examples: [[[0.5, 0.5000000000000001], 1]] },
  );
});
