import { describe, expect, it } from 'vitest';

import {
  findGates,
  gateAt,
  type GateSource,
  type MetricLiteral,
} from '../../../src/domain/gates/build-gates.ts';
import { gateSchema } from '../../../src/domain/gates/gate.ts';
import { readText } from '../../python/assertions/read-suite.ts';

/** The gate of the literal that stands after `X = ` (or another name) in a suite. */
function gateOf(text: string, name = 'X'): GateSource {
  const lines = text.split('\n');
  const index = lines.findIndex((line) => line.startsWith(`${name} = `));
  const token = lines[index]?.slice(name.length + 3) ?? '';
  const metric: MetricLiteral = {
    stage: 'case',
    metric: 'wer',
    place: name,
    file: 'test_case.py',
    test: 'test_case.py',
    found: {
      line: index + 1,
      column: name.length + 4,
      value: Number(token),
      isInteger: Number.isInteger(Number(token)),
    },
    problem: null,
  };
  const [gate] = findGates([metric], [readText(text)]);
  if (gate === undefined) {
    throw new Error('no gate');
  }
  return gate;
}

describe('the gate of a metric', () => {
  it('has operator, threshold and the steps that lead to it', () => {
    const gate = gateAt(
      gateOf('X = 0.291\nLIMIT = round(X * 1.125, 1)\ndef test_a(r):\n    assert r["latency"] <= LIMIT\n'),
    );
    expect(gate).toMatchObject({
      status: 'read',
      op: '<=',
      threshold: 0.3,
      literal: 0.291,
      decided_by: null,
      value_scale: 1,
    });
    expect(gate.assertions[0]?.steps).toEqual([
      { kind: 'mul', by: 1.125, by_place: 'test_case.py:2', at: 'test_case.py:2' },
      { kind: 'round', by: 1, by_place: 'test_case.py:2', at: 'test_case.py:2' },
    ]);
    expect(gateSchema.safeParse(gate).success).toBe(true);
  });

  it('is computed again for another literal', () => {
    const source = gateOf(
      'X = 0.291\nLIMIT = round(X * 1.125, 1)\ndef test_a(r):\n    assert r["latency"] <= LIMIT\n',
    );
    expect(gateAt(source, 0.4)).toMatchObject({ literal: 0.4, threshold: 0.5, status: 'read' });
  });

  it('says that the threshold is not certain where the suite would take another branch', () => {
    const source = gateOf(
      'X = 0.5\nLIMIT = X * 2 if X > 0.25 else X\ndef test_a(r):\n    assert r["y"] <= LIMIT\n',
    );
    expect(gateAt(source, 0.375).threshold).toBe(0.75);
    expect(gateAt(source, 0.125).threshold).toBe(null);
  });

  it('is inert while a cap decides, and names it', () => {
    const source = gateOf(
      'X = 0.8\nCAP = 0.9\nLIMIT = min(X * 1.25, CAP)\ndef test_a(r):\n    assert r["rtf"] <= LIMIT\n',
    );
    expect(gateAt(source)).toMatchObject({
      status: 'inert',
      threshold: 0.9,
      decided_by: { place: 'CAP', value: 0.9 },
    });
    expect(gateAt(source, 0.5)).toMatchObject({
      status: 'read',
      threshold: 0.625,
      decided_by: null,
      reason: null,
    });
  });

  it('is inert where a later statement pins the number, and names the pin', () => {
    const text = `
X = 162.533
T = {"latency": X}
L = {"max": round(T["latency"] * 1.125, 1)}
L["max"] = 155.0
def test_a(r):
    assert r["latency"] <= L["max"]
`;
    expect(gateAt(gateOf(text))).toMatchObject({
      status: 'inert',
      threshold: 155,
      decided_by: { place: "L['max']", value: 155 },
    });
  });

  it('is inert where no assertion uses the literal', () => {
    expect(gateAt(gateOf('X = 0.5\ndef test_a(r):\n    assert r["x"] > 0.25\n'))).toMatchObject({
      status: 'inert',
      decided_by: null,
      reason: 'no assertion uses it',
    });
  });

  it('is unread with reason and place where the literal goes where nobody can follow', () => {
    const gate = gateAt(gateOf('import other\nX = 0.5\ndef test_a(r):\n    other.check(r["x"], X)\n'));
    expect(gate).toMatchObject({ status: 'unread', op: null, threshold: null });
    expect(gate.reason).toBe(
      'it goes into other.check(), which is outside of the repository, at test_case.py:4',
    );
  });

  it('takes the strictest of several assertions, a strict operator before an inclusive one', () => {
    const text =
      'X = 0.5\ndef test_a(r):\n    assert r["a"] >= X * 0.5\n    assert r["b"] >= X\n    assert r["c"] > X\n';
    expect(gateAt(gateOf(text))).toMatchObject({ op: '>', threshold: 0.5 });
    expect(gateAt(gateOf(text)).assertions).toHaveLength(3);
  });

  it('has a centre and a half width for a two-sided check', () => {
    const gate = gateAt(gateOf('X = 0.5\nW = 0.03\ndef test_a(r):\n    assert abs(r["x"] - X) < W\n'));
    expect(gate).toMatchObject({ op: 'within', threshold: 0.03, literal: 0.5, status: 'read' });
    expect(gate.assertions[0]).toMatchObject({ centre: 0.5, inclusive: false });
  });

  it('tells the factor between measured and compared value', () => {
    const text = 'X = 60.0\ndef test_a(r):\n    assert r["accuracy"] * 100 >= X\n';
    expect(gateAt(gateOf(text))).toMatchObject({ value_scale: 100, threshold: 60 });
  });
});
