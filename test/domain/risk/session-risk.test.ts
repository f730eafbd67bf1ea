import { describe, expect, test } from 'vitest';

import type { GateSource } from '../../../src/domain/gates/build-gates.ts';
import type { ReadAssertion } from '../../../src/domain/gates/reading.ts';
import type { RuleLiteral, RuleNode } from '../../../src/domain/gates/rule.ts';
import { riskDocumentSchema } from '../../../src/domain/risk/risk-document.ts';
import { sessionRisk, type SessionGates } from '../../../src/domain/risk/session-risk.ts';
import { makeSnapshot, makeStage, recorded, speedMetrics } from '../audit/snapshot-fixture.ts';

const latencies = [0.217, 0.226, 0.228, 0.219, 0.234];
const rates = [97.144, 98.422, 100.054, 93.506, 94.703];

function snapshot(accuracies: readonly number[] = [0.7, 0.7, 0.7, 0.7, 0.7]) {
  const stages = [makeStage(), makeStage({ key: 'nova_speed', group: 'speed', metrics: speedMetrics() })];
  return makeSnapshot({
    stages,
    plan: { repeats: 5 },
    cells: {
      nova_accuracy: accuracies.map((accuracy) =>
        recorded({ metrics: { accuracy }, sample_counts: { total: 50, ok: 50 } }),
      ),
      nova_speed: latencies.map((latency, index) =>
        recorded({ metrics: { latency_mean_s: latency, throughput_qps: rates[index] ?? null } }),
      ),
    },
  });
}

function literal(value: number): RuleLiteral {
  const [file, place] = ['tests/ci/test_nova_ci.py', 'X'];
  return {
    kind: 'literal',
    value,
    isInteger: false,
    place,
    file,
    line: 3,
    column: 4,
    startByte: 40,
    endByte: 44,
  };
}

interface Asserted {
  stage: string;
  metric: string;
  value: number;
  operator: ReadAssertion['operator'];
  rule?: (literal: RuleNode) => RuleNode;
  steps?: ReadAssertion['value']['steps'];
}

/** The gate of one metric, as the reader gives it. */
function source({ stage, metric, value, operator, rule, steps = [] }: Asserted): GateSource {
  const own = literal(value);
  return {
    metric: {
      stage,
      metric,
      place: 'X',
      file: own.file,
      test: own.file,
      found: { line: 3, column: 4, value, isInteger: false },
      problem: null,
    },
    assertions: [
      {
        operator,
        rule: rule?.(own) ?? own,
        centre: null,
        inclusive: operator.endsWith('='),
        value: { name: metric, path: [metric], steps },
        at: `${own.file}:9`,
        calls: [],
        test: `${own.file}::test_nova`,
        when: [],
        decisions: [],
        role: 'bound',
      },
    ],
    status: 'read',
    decidedBy: null,
    reason: null,
  };
}

const times =
  (factor: number) =>
  (operand: RuleNode): RuleNode => ({
    kind: 'apply',
    operation: 'mul',
    at: 'tests/ci/test_nova_ci.py:5',
    operands: [operand, { kind: 'number', value: factor, isInteger: false }],
  });

const accuracyGate = source({ stage: 'nova_accuracy', metric: 'accuracy', value: 0.6, operator: '>=' });
const latencyGate = source({
  stage: 'nova_speed',
  metric: 'latency_mean_s',
  value: 0.3,
  operator: '<=',
  rule: times(1.125),
});
const rateGate = source({
  stage: 'nova_speed',
  metric: 'throughput_qps',
  value: 90,
  operator: '>=',
  rule: times(0.9),
});

function risk(gates: SessionGates, options: { accuracies?: number[]; attempts?: number } = {}) {
  const document = sessionRisk({
    snapshot: snapshot(options.accuracies),
    gates,
    attempts: options.attempts ?? 1,
    suiteTarget: 0.05,
  });
  return riskDocumentSchema.parse(JSON.parse(JSON.stringify(document)));
}

const read: SessionGates = { kind: 'read', gates: [accuracyGate, latencyGate, rateGate] };

describe('the metrics of a session', () => {
  test('are held against the threshold that the suite computes from the literal', () => {
    const entry = risk(read).metrics.find(({ metric }) => metric === 'latency_mean_s');
    expect(entry).toMatchObject({ literal: 0.3, literal_after: 0.234, op: '<=', rule: 'read', class: 'ok' });
    expect(entry?.gate).toBeCloseTo(0.3375, 9);
    expect(entry?.gate_after).toBeCloseTo(0.26325, 9);
    expect(entry?.p).toBeCloseTo(0.0046, 4);
  });

  test('without a read rule have the literal as gate, and it is said', () => {
    const unread: GateSource = { ...accuracyGate, assertions: [], status: 'unread', reason: 'recursion' };
    const [entry] = risk({ kind: 'read', gates: [unread] }).metrics;
    expect(entry).toMatchObject({ gate: 0.6, gate_after: 0.7, op: '>=', rule: 'literal' });
    expect(entry?.gate_note).toContain('recursion');
  });

  test('of a commit that is not at hand have no gate, and the reason', () => {
    const document = risk({ kind: 'unknown', reason: 'no checkout' });
    expect(document.gates_unknown).toBe('no checkout');
    expect(document.metrics[0]).toMatchObject({ gate: null, gate_after: null, p: null, rule: null });
    expect(document.metrics[0]).toMatchObject({ class: null, gate_note: 'no checkout', n: 5, worst: 0.7 });
    expect(document.session).toMatchObject({ expected_false_fails: null, p_any: null, holdout: null });
  });

  test('whose comparison is in per cent, or of the error, have their gate in the native unit', () => {
    const step = { at: 'x.py:1' };
    const inPercent = source({
      stage: 'nova_accuracy',
      metric: 'accuracy',
      value: 0.6,
      operator: '>=',
      rule: times(100),
      steps: [{ kind: 'mul', by: 100, ...step }],
    });
    const asError = source({
      stage: 'nova_accuracy',
      metric: 'accuracy',
      value: 0.4,
      operator: '<',
      steps: [{ kind: 'rsub', by: 1, ...step }],
    });
    const gateOf = (gate: GateSource) => risk({ kind: 'read', gates: [gate] }).metrics[0];
    expect(gateOf(inPercent)?.gate_after).toBeCloseTo(0.7, 9);
    expect(gateOf(asError)?.gate).toBeCloseTo(0.6, 9);
    expect(gateOf(asError)?.op).toBe('>');
  });

  test('that a tie fails on the unchanged commit are coins', () => {
    const strict = source({ stage: 'nova_accuracy', metric: 'accuracy', value: 0.6, operator: '>' });
    const [entry] = risk({ kind: 'read', gates: [strict] }).metrics;
    expect(entry).toMatchObject({ p: 1, flips_to_fail: 0, class: 'coin' });
  });
});

describe('one CI pass', () => {
  test('sums what is known and counts the rest', () => {
    const { session, metrics } = risk(read);
    const known = metrics.flatMap(({ p }) => p ?? []);
    expect(session.left_out).toBe(1);
    expect(session.expected_false_fails).toBeCloseTo(
      known.reduce((sum, p) => sum + p, 0),
      12,
    );
    const attempt = 1 - known.reduce((product, p) => product * (1 - p), 1);
    expect(session.p_any).toBeCloseTo(attempt, 12);
    expect(risk(read, { attempts: 3 }).session.p_any).toBeCloseTo(attempt ** 3, 12);
  });
});

describe('the hold-out', () => {
  test('holds each run against the gates that the others lead to', () => {
    const { holdout } = risk(read, { accuracies: [0.7, 0.72, 0.64, 0.71, 0.7] }).session;
    expect(holdout).toMatchObject({ failed: 1, of: 5, metrics: 3 });
    expect(holdout?.by_repeat[2]).toEqual({ repeat: 3, failed: ['nova_accuracy.accuracy'] });
    expect(holdout?.interval[0]).toBeCloseTo(0.0051, 4);
    expect(holdout?.interval[1]).toBeCloseTo(0.7164, 4);
  });

  test('uses the rule of the gate: with slack the same runs pass', () => {
    const slack = source({
      stage: 'nova_accuracy',
      metric: 'accuracy',
      value: 0.6,
      operator: '>=',
      rule: times(0.9),
    });
    const gates: SessionGates = { kind: 'read', gates: [slack] };
    expect(risk(gates, { accuracies: [0.7, 0.72, 0.64, 0.71, 0.7] }).session.holdout?.failed).toBe(0);
  });

  test('leaves out metrics with missing runs', () => {
    const { session } = risk(read, { accuracies: [0.7, 0.72] });
    expect(session.holdout?.metrics).toBe(2);
  });
});
