import { describe, expect, it } from 'vitest';

import type { Gate } from '../../../src/domain/gates/gate.ts';
import { matchObserved, observedGateAt, withObserved } from '../../../src/domain/gates/match-observed.ts';
import type { ObservedComparison, ObservedDocument } from '../../../src/domain/gates/observed.ts';

const unread: Gate = {
  stage: 'oak',
  metric: 'accuracy',
  place: 'OAK_MIN_ACCURACY',
  file: 'tests/test_oak_ci.py',
  line: 4,
  literal: 60,
  status: 'unread',
  op: null,
  threshold: null,
  value_scale: null,
  assertions: [],
  decided_by: null,
  reason: 'a helper cannot be followed',
};
const at = 'tests/test_oak_ci.py:9';
const read: Gate = {
  ...unread,
  status: 'read',
  op: '>=',
  threshold: 60,
  reason: null,
  assertions: [
    {
      op: '>=',
      threshold: 60,
      centre: null,
      inclusive: true,
      steps: [],
      value: 'acc',
      value_steps: [],
      at,
      calls: [],
      test: 't.py::test_oak',
      when: [],
    },
  ],
};

function compared(given: Partial<ObservedComparison>): ObservedComparison {
  return { file: 'tests/test_oak_ci.py', line: 9, op: '>=', left: 63.04, right: 60, holds: true, ...given };
}

function seen(...comparisons: ObservedComparison[]): ObservedDocument {
  return {
    schema: 'calib.observed/1',
    model: 'oak',
    git_sha: '',
    namespace: 'oak',
    at: '',
    files: {},
    metrics: { 'oak.accuracy': 0.6304 },
    comparisons,
    cut: false,
  };
}

function observedGate(...comparisons: ObservedComparison[]): Gate {
  return withObserved(unread, matchObserved(unread, seen(...comparisons), 'min'));
}

describe('a gate that the reader could not follow', () => {
  it('has what was observed, with the scale of its value, and says so', () => {
    const gate = observedGate(compared({}), compared({ line: 3, left: 10, right: 12 }));
    expect(gate).toMatchObject({ status: 'observed', op: '>=', threshold: 60, value_scale: 100 });
    expect(gate.reason).toContain('observed in a smoke launch, not read');
    expect(gate.assertions[0]).toMatchObject({ at, value_steps: [{ kind: 'mul', by: 100 }] });
  });

  it('is turned round where the value stands on the right, or where the comparison is the condition of a failure', () => {
    expect(observedGate(compared({ op: '<=', left: 60, right: 63.04 })).op).toBe('>=');
    expect(observedGate(compared({ op: '<', holds: false })).op).toBe('>=');
  });

  it('takes the threshold for a factor of the literal, which moves with it', () => {
    const gate = observedGate(compared({ right: 57 }));
    expect(gate.reason).toContain('0.95 × the literal');
    expect(observedGateAt(gate, { ...unread, literal: 80 })).toMatchObject({ literal: 80, threshold: 76 });
  });

  it('stays unread where several comparisons could be it, and where nothing measured was compared', () => {
    expect(observedGate(compared({ right: 57 }), compared({ line: 10, right: 55 })).status).toBe('unread');
    expect(observedGate(compared({ left: 12 })).status).toBe('unread');
    expect(observedGate(compared({ op: '==' })).status).toBe('unread');
  });
});

describe('a gate that was read', () => {
  it('agrees with the same threshold, differs from another one at its line, or was only read', () => {
    expect(matchObserved(read, seen(compared({})), 'min')?.agreement).toBe('agree');
    const other = matchObserved(read, seen(compared({ right: 58 })), 'min');
    expect(other).toMatchObject({ agreement: 'differ', threshold: 58 });
    expect(other?.note).toBe(`the reader finds >= 60, but >= 58 was compared at ${at}`);
    expect(matchObserved(read, seen(), 'min')?.agreement).toBe('read_only');
    expect(matchObserved(read, { ...seen(), metrics: {} }, 'min')).toBeNull();
  });
});
