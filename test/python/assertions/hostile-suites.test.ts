import { describe, expect, it } from 'vitest';

import { gatesOf, inShort, readSuite, readText } from './read-suite.ts';

/** What the reader says of a literal: never a number that Python would not compare with. */
function lostReasons(text: string): string[] {
  return readText(text).lost.map(({ literal, reason }) => `${literal.place}: ${reason}`);
}

describe('what cannot be followed', () => {
  it('says of a literal that goes into code outside of the repository where it went', () => {
    const text = 'import other\nLIMIT = 0.5\ndef test_a(r):\n    other.check(r["x"], LIMIT)\n';
    expect(gatesOf(text)).toEqual([]);
    expect(lostReasons(text)).toEqual([
      'LIMIT: it goes into other.check(), which is outside of the repository',
    ]);
  });

  it('reads nothing from a table that code outside of the repository got hold of', () => {
    const text = 'import other\nT = {"a": 0.5}\nother.tune(T)\ndef test_a(r):\n    assert r["x"] <= T["a"]\n';
    expect(gatesOf(text)).toEqual([]);
  });

  it('reads nothing that a star import from outside may have bound again', () => {
    const text =
      'LIMIT = 0.5\nfrom other import *\nROUNDED = round(0.55, 1)\nAFTER = 0.75\ndef test_a(r):\n    assert r["x"] <= LIMIT\n    assert r["y"] <= AFTER\n';
    expect(gatesOf(text)).toEqual(['r.y <= 0.75 <- AFTER']);
  });

  it('follows a star import inside the repository', () => {
    const reading = readSuite({
      'limits.py': '__all__ = ["LIMIT"]\nLIMIT = 0.5\nOTHER = 0.25\n',
      'test_case.py':
        'from limits import *\nOTHER = 0.75\ndef test_a(r):\n    assert r["x"] <= LIMIT + OTHER\n',
    });
    expect(reading.assertions.map((one) => inShort(one).split(' <- ')[0])).toEqual(['r.x <= 1.25']);
  });

  it.each([
    ['exec', 'LIMIT = 0.5\nexec("LIMIT = 1")\n'],
    ['globals', 'LIMIT = 0.5\nglobals()["LIMIT"] = 1\n'],
    ['a computed name', 'import sys\nLIMIT = 0.5\nsetattr(sys.modules[__name__], "LIM" + "IT", 1)\n'],
  ])('does not claim a module constant after %s', (_, text) => {
    const gates = gatesOf(`${text}def test_a(r):\n    assert r["x"] <= LIMIT\n`);
    expect(gates.filter((gate) => gate.includes('0.5'))).toEqual([]);
  });

  it('reads the patched number within the test that patches it, and no longer after it', () => {
    const text = `
import test_case
LIMIT = 0.5
def check(value):
    assert value <= LIMIT
def test_a(r, monkeypatch):
    monkeypatch.setattr(test_case, "LIMIT", 0.25)
    check(r["x"])
def test_b(r, monkeypatch):
    monkeypatch.setattr("test_case.LIMIT", 0.125)
    check(r["y"])
def test_c(r):
    check(r["z"])
`;
    expect(gatesOf(text).map((gate) => gate.split(' <- ')[0])).toEqual([
      'r.x <= 0.25',
      'r.y <= 0.125',
      'r.z <= 0.5',
    ]);
  });

  it('reads nothing from what mock.patch replaces', () => {
    const text = `
from unittest import mock
LIMIT = 0.5
@mock.patch("test_case.LIMIT", 0.25)
def test_a(r):
    assert r["x"] <= LIMIT
`;
    expect(gatesOf(text).filter((gate) => gate.includes('0.5'))).toEqual([]);
  });

  it('does not follow dynamic imports', () => {
    const text =
      'import importlib\nlimits = importlib.import_module("limits")\ndef test_a(r):\n    assert r["x"] <= limits.A\n';
    expect(readSuite({ 'limits.py': 'A = 0.5\n', 'test_case.py': text }).assertions).toEqual([]);
  });

  it('does not take invented numbers in tests of the gate code for gates', () => {
    const text = `
import pytest
LIMIT = 0.5
def check(value):
    assert value <= LIMIT
def test_a():
    check(0.25)
    with pytest.raises(AssertionError):
        check(0.75)
def test_b(r):
    with pytest.raises(AssertionError):
        check(r["x"])
`;
    expect(gatesOf(text)).toEqual([]);
  });

  it('calls a helper that a decorator of the repository changes through the decorator', () => {
    const text = `
import functools
def doubled(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        return function(*args, **kwargs) * 2
    return inner
@doubled
def limit(base):
    return base
LIMIT = limit(0.25)
def test_a(r):
    assert r["x"] <= LIMIT
`;
    expect(gatesOf(text).map((gate) => gate.split(' <- ')[0])).toEqual(['r.x <= 0.5']);
  });
});

describe('bounds', () => {
  const check = 'def test_a(r):\n    assert r["x"] <= LIMIT\n    assert r["y"] <= 0.75\n';

  it.each([
    ['a recursion without end', 'def f(n):\n    return f(n + 1)\nLIMIT = f(0)\n'],
    ['a mutual recursion', 'def f(n):\n    return g(n)\ndef g(n):\n    return f(n)\nLIMIT = f(0)\n'],
    ['a huge loop', 'LIMIT = 0\nfor i in range(10**9):\n    LIMIT += 0.5\n'],
    ['a loop without end', 'LIMIT = 0.5\nwhile True:\n    LIMIT += 1\n'],
    [
      'an exponential recursion',
      'def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nLIMIT = fib(30) * 0.5\n',
    ],
    ['a number that grows without end', 'LIMIT = 2\nfor i in range(100):\n    LIMIT = LIMIT * LIMIT\n'],
    ['a list that doubles', 'X = [0.5]\nfor i in range(60):\n    X = X + X\nLIMIT = sum(X)\n'],
    ['deep parentheses', `LIMIT = ${'('.repeat(3000)}0.5${')'.repeat(3000)}\n`],
    ['a long sum', `LIMIT = ${Array.from({ length: 5000 }, () => '0.5').join(' + ')}\n`],
    [
      'a class that is its own base',
      'class A(A0):\n    pass\nclass A(A):\n    limit = 0.5\nLIMIT = A.missing\n',
    ],
    ['a rule with very many steps', 'LIMIT = 0.5\nfor i in range(900):\n    LIMIT = LIMIT + 0.5\n'],
  ])('ends quickly and claims nothing for %s', (_, text) => {
    const started = performance.now();
    const gates = gatesOf(text + check).filter((gate) => !gate.startsWith('r.y'));
    expect(gates).toEqual([]);
    expect(performance.now() - started).toBeLessThan(15_000);
  });

  it('survives modules that import each other and reads what is certain', () => {
    const reading = readSuite({
      'a.py': 'from b import B\nA = 0.5\n',
      'b.py': 'from a import A\nB = 0.25\n',
      'test_case.py':
        'from a import A\nfrom b import B\ndef test_a(r):\n    assert r["x"] <= A\n    assert r["y"] <= B\n',
    });
    expect(reading.assertions.map(inShort)).toEqual(['r.x <= 0.5 <- A', 'r.y <= 0.25 <- B']);
  });

  it('says which imported file is not Python', () => {
    const reading = readSuite({
      'limits.py': 'LIMIT = = 0.5\n',
      'test_case.py': 'from limits import LIMIT\ndef test_a(r):\n    assert r["x"] <= LIMIT\n',
    });
    expect(reading.assertions).toEqual([]);
    expect(reading.notes[0]?.at).toBe('limits.py:1');
  });

  it('keeps a formula with very many alternatives within bounds', () => {
    const lines = Array.from(
      { length: 60 },
      (_, index) => `    ok = ok or r["v${index}"] < 0.5 and r["w${index}"] < 0.25`,
    );
    const text = `def test_a(r):\n    ok = False\n${lines.join('\n')}\n    assert ok\n`;
    const started = performance.now();
    readText(text);
    expect(performance.now() - started).toBeLessThan(15_000);
  });
});
