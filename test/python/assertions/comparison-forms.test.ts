import { describe, expect, it } from 'vitest';

import { gatesOf, readText } from './read-suite.ts';

describe('comparisons that are read', () => {
  it('reads a plain assert with its operator and side', () => {
    expect(gatesOf('LIMIT = 0.25\ndef test_a(results):\n    assert results["wer"] <= LIMIT\n')).toEqual([
      'results.wer <= 0.25 <- LIMIT',
    ]);
    expect(gatesOf('LIMIT = 0.25\ndef test_a(results):\n    assert LIMIT < results.summary.wer\n')).toEqual([
      'results.summary.wer > 0.25 <- LIMIT',
    ]);
  });

  it('takes a chained comparison for two gates', () => {
    expect(gatesOf('LO = 1.5\nHI = 2.5\ndef test_a(r):\n    assert LO <= r["x"] < HI\n')).toEqual([
      'r.x >= 1.5 <- LO',
      'r.x < 2.5 <- HI',
    ]);
  });

  it('turns the operator under not, and reads each side of and', () => {
    expect(gatesOf('A = 1.5\nB = 2.5\ndef test_a(r):\n    assert not r["x"] > A and r["y"] >= B\n')).toEqual([
      'r.x <= 1.5 <- A',
      'r.y >= 2.5 <- B',
    ]);
  });

  it('reads a distance from a stored value as within', () => {
    expect(gatesOf('E = 0.5\nW = 0.03\ndef test_a(r):\n    assert abs(r["x"] - E) < W\n')).toEqual([
      'r.x within 0.03 of 0.5 <- W',
    ]);
    expect(gatesOf('E = 0.5\nW = 0.03\ndef test_a(r):\n    assert abs(E - r["x"]) <= W\n')).toEqual([
      'r.x within 0.03 of 0.5 <- W',
    ]);
    const { assertions } = readText('E = 0.5\nW = 0.03\ndef test_a(r):\n    assert abs(r["x"] - E) < W\n');
    expect(assertions[0]?.inclusive).toBe(false);
  });

  it('reads a relative distance with the width in the units of the value', () => {
    expect(gatesOf('E = 4.0\nW = 0.25\ndef test_a(r):\n    assert abs(r["x"] - E) / E <= W\n')).toEqual([
      'r.x within 1 of 4 <- E, W',
    ]);
  });

  it('reads isclose and approx with their tolerances', () => {
    expect(
      gatesOf('import math\nE = 4.0\ndef test_a(r):\n    assert math.isclose(r["x"], E, rel_tol=0.25)\n'),
    ).toEqual(['r.x within 1 of 4 <- E, test_a::math.isclose(rel_tol)']);
    expect(
      gatesOf('import pytest\nE = 4.0\ndef test_a(r):\n    assert r["x"] == pytest.approx(E, rel=0.25)\n'),
    ).toEqual(['r.x within 1 of 4 <- E, test_a::pytest.approx(rel)']);
    expect(
      gatesOf('import pytest\ndef test_a(r):\n    assert pytest.approx(4.0, abs=0.5) == r["x"]\n'),
    ).toEqual(['r.x within 0.5 of 4 <- test_a::pytest.approx(abs)']);
  });

  it('reads assertions of unittest', () => {
    const text = `
import unittest
class TestIt(unittest.TestCase):
    floor = 0.75
    def test_a(self):
        value = run()
        self.assertGreater(value, self.floor)
        self.assertLessEqual(value, 2.5)
        self.assertAlmostEqual(value, 1.5, delta=0.25)
        self.assertAlmostEqual(value, 1.5, places=2)
        self.assertTrue(value >= 0.5)
`;
    expect(gatesOf(text)).toEqual([
      'run() > 0.75 <- TestIt.floor',
      'run() <= 2.5 <- test_case.py:8',
      'run() within 0.25 of 1.5 <- TestIt::test_a::self.assertAlmostEqual(delta)',
      'run() within 0.005 of 1.5 <- ',
      'run() >= 0.5 <- test_case.py:11',
    ]);
  });

  it('reads if … raise, pytest.fail, and a list that is asserted empty', () => {
    const text = `
import pytest
A, B, C = 0.1, 0.2, 0.3
def test_a(r):
    if r["a"] > A:
        raise AssertionError("slow")
    if r["b"] < B:
        pytest.fail("low")
    problems = []
    if r["c"] >= C:
        problems.append("c")
    assert not problems, problems
`;
    expect(gatesOf(text).map((gate) => gate.split(' <- ')[0])).toEqual([
      'r.a <= 0.1',
      'r.b >= 0.2',
      'r.c < 0.3',
    ]);
  });

  it('does not take what fails only together with another comparison for a gate of its own', () => {
    expect(
      gatesOf(
        'A = 1.5\nB = 2.5\ndef test_a(r):\n    if r["x"] > A and r["y"] > B:\n        raise ValueError()\n',
      ),
    ).toEqual(['joint: r.x <= 1.5 <- A [r.y > 2.5]', 'joint: r.y <= 2.5 <- B [r.x > 1.5]']);
  });
});
