import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { RunSnapshot } from '../../../src/domain/audit/strict.ts';
import { checkEvidence } from '../../../src/domain/evidence/check-evidence.ts';
import { predictOutcome } from '../../../src/domain/evidence/predict-outcome.ts';
import { unitGap } from '../../../src/domain/evidence/unit-gap.ts';
import type { Gate, GateAssertion } from '../../../src/domain/gates/gate.ts';
import { observationSchema } from '../../../src/domain/observation/observation.ts';
import { planSchema } from '../../../src/domain/session/session-plan.ts';
import type { TestResult } from '../../../src/domain/pytest/test-result.ts';
import type { StageDefinition } from '../../../src/domain/stages/stage.ts';

const assertion: GateAssertion = {
  op: '>=',
  threshold: 60,
  centre: null,
  inclusive: true,
  steps: [],
  value: 'acc',
  value_steps: [],
  at: 'tests/test_oak_ci.py:9',
  calls: [],
  test: 'tests/test_oak_ci.py::test_oak',
  when: [],
};
const gate: Gate = {
  stage: 'oak_accuracy',
  metric: 'accuracy',
  place: 'OAK_MIN_ACCURACY',
  file: 'tests/test_oak_ci.py',
  line: 4,
  literal: 60,
  status: 'read',
  op: '>=',
  threshold: 60,
  value_scale: 1,
  assertions: [assertion],
  decided_by: null,
  reason: null,
};
const passed: TestResult = { test: 'tests.test_oak_ci::test_oak', outcome: 'passed' };

function evidenceOf(
  values: number[],
  results: TestResult[],
  given: Partial<Gate> = {},
  wasSeen: (assertion: GateAssertion) => boolean = () => false,
) {
  return checkEvidence({
    snapshot: snapshotOf(values),
    gitSha: null,
    gates: [{ ...gate, ...given }],
    testsOf: () => results,
    wasSeen,
  });
}

function snapshotOf(values: number[]): RunSnapshot {
  const stage: StageDefinition = {
    key: 'oak_accuracy',
    title: 'oak',
    test: 'tests/test_oak_ci.py',
    group: 'accuracy',
    extra_env: {},
    context_vars: [],
    test_file_sha256: '',
    last_discovered_at: '1970-01-01T00:00:00Z',
    sample_counts: {
      total: { json_file: 'r.json', json_path: 'total' },
      ok: { json_file: 'r.json', json_path: 'ok' },
    },
    metrics: {
      accuracy: {
        json_file: 'r.json',
        json_path: 'accuracy',
        status: 'OK',
        source: 'OAK_MIN_ACCURACY',
        worst: 'min',
        display: { label: 'accuracy', digits: 2, scale: 1 },
      },
    },
  };
  return {
    run_dir: '/runs/one',
    plan: planSchema.parse({ model: 'm', repeats: values.length, stages: ['oak_accuracy'] }),
    stages: [stage],
    cells: {
      oak_accuracy: values.map((accuracy) => ({
        kind: 'recorded',
        integrity: 'committed',
        observation: observationSchema.parse({
          status: 'ok',
          metrics: { accuracy },
          sample_counts: { total: 10, ok: 10 },
        }),
      })),
    },
  };
}

describe('the rule of a gate against pytest', () => {
  it('is contradicted where a value fails by the rule and the test passed', () => {
    const { gates } = evidenceOf([61, 59], [passed]);
    expect(gates[0]).toMatchObject({ verdict: 'contradicted', repeats: [{ verdict: 'consistent' }, {}] });
    expect(gates[0]?.reason).toContain('59 fails >= 60, but the test passed in run 2');
  });

  it('is consistent where pytest says the same, and confirmed where the assertion itself was seen', () => {
    expect(evidenceOf([61], [passed]).gates[0]?.verdict).toBe('consistent');
    expect(evidenceOf([61], [passed], {}, () => true).gates[0]?.verdict).toBe('confirmed');
    const failed: TestResult = {
      ...passed,
      outcome: 'failed',
      message: 'assert 59 >= 60',
      at: [assertion.at],
    };
    expect(evidenceOf([59], [failed]).gates[0]?.verdict).toBe('confirmed');
  });

  it('suspects the unit of values that are a hundredth of the threshold, although nothing contradicts', () => {
    const most = { ...assertion, op: '<=' as const };
    const found = evidenceOf([0.63, 0.66], [passed], { assertions: [most], op: '<=' }).gates[0];
    expect(found?.verdict).toBe('unit_suspected');
    expect(found?.reason).toContain('about 1/100 of 60');
  });

  it('suspects nothing where a step of the suite explains the factor', () => {
    const scaled = { ...assertion, value_steps: [{ kind: 'mul', by: 100, at: assertion.at }] };
    expect(evidenceOf([0.63], [passed], { assertions: [scaled] }).gates[0]?.verdict).toBe('consistent');
  });

  it('is not reached where the test failed elsewhere, which is a finding with its first line', () => {
    const failed: TestResult = {
      ...passed,
      outcome: 'failed',
      message: 'KeyError: wer',
      at: ['tests/x.py:1'],
    };
    const { gates, findings } = evidenceOf([61], [failed]);
    expect(gates[0]?.verdict).toBe('not_reached');
    expect(findings).toEqual([
      { kind: 'failed_for_another_reason', test: assertion.test, repeat: 1, message: 'KeyError: wer' },
    ]);
  });

  it('says nothing of skipped tests, launches without a record, and gates that were not read', () => {
    expect(evidenceOf([61], [{ ...passed, outcome: 'skipped' }]).gates[0]?.reason).toBe(
      'its test was skipped',
    );
    expect(evidenceOf([61], []).gates[0]?.verdict).toBe('not_tested');
    const unread = { status: 'unread' as const, assertions: [], reason: 'a helper cannot be followed' };
    expect(evidenceOf([61], [passed], unread).gates[0]).toMatchObject({
      verdict: 'not_tested',
      reason: 'a helper cannot be followed',
    });
    expect(evidenceOf([0.61], [passed], unread).gates[0]?.verdict).toBe('unit_suspected');
  });

  it('says nothing of a row that may not be the one that ran', () => {
    const row = { ...assertion, when: ["MODEL == 'a'"] };
    expect(evidenceOf([59], [passed], { assertions: [row] }).gates[0]?.verdict).toBe('not_tested');
  });
});

describe('predictions and units', () => {
  it('predict what Python compares, ties and rounding included', () => {
    expect(predictOutcome(60, { ...assertion, op: '>', inclusive: false })).toBe('fail');
    expect(predictOutcome(59.96, { ...assertion, value_steps: [{ kind: 'round', by: 1, at: '' }] })).toBe(
      'pass',
    );
    const within = { ...assertion, op: 'within' as const, centre: 0.5, threshold: 0.03 };
    expect(predictOutcome(0.54, within)).toBe('fail');
    expect(
      predictOutcome(0.5, { ...assertion, value_steps: [{ kind: 'other', by: null, at: '' }] }),
    ).toBeNull();
  });

  it('see the same gap from both sides, and none within a factor of ten', () => {
    const numbers = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0.1, max: 10, noNaN: true }), (value, factor) => {
        expect(unitGap(value, value * factor)).toBeNull();
        expect(unitGap(value * 100, value)).toBe(100);
        expect(unitGap(value, value * 1000)).toBe(1 / 1000);
      }),
    );
    expect(unitGap(1, 0)).toBeNull();
    expect(unitGap(0, 1)).toBeNull();
  });
});
