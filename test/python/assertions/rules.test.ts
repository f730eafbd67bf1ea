import { describe, expect, it } from 'vitest';

import { gatesOf, inShort, readSuite, readText } from './read-suite.ts';

describe('collectors', () => {
  it('takes a call of a method that records what does not hold for an assertion, once the record is asserted', () => {
    const text = `
class Checks:
    def __init__(self, label):
        self.failures = []
    def fail(self, message):
        self.failures.append(message)
    def check(self, condition, message):
        if not condition:
            self.fail(message)
    def assert_all(self):
        if not self.failures:
            return
        raise AssertionError(str(self.failures))
LIMIT = 0.25
def test_a(results):
    checks = Checks("quality")
    wer = results["summary"].get("wer")
    checks.check(wer is not None and wer <= LIMIT, f"{wer} > {LIMIT}")
    checks.assert_all()
def test_b(results):
    checks = Checks("never asserted")
    checks.check(results["x"] <= LIMIT, "")
`;
    expect(gatesOf(text)).toEqual(['results.summary.wer <= 0.25 <- LIMIT']);
  });

  it('reads pytest_check and a callable whose exception is collected', () => {
    const text = `
import pytest_check as pc
LIMIT = 0.25
def limit(value):
    assert value < LIMIT
def collect(failures, function, *args):
    try:
        function(*args)
    except Exception as error:
        failures.append(error)
def test_a(r):
    pc.less_equal(r["a"], LIMIT)
    failures = []
    collect(failures, limit, r["b"])
    assert failures == []
    assert len(failures) == 0
`;
    expect(gatesOf(text)).toEqual(['r.a <= 0.25 <- LIMIT', 'r.b < 0.25 <- LIMIT']);
  });
});

describe('pure helpers', () => {
  const slack = `
def slack(table, low=0.875, high=1.125):
    out = {}
    for name, row in table.items():
        limits = {"latency_max": round(row["latency"] * high, 1)}
        if "tokens" in row:
            limits["tokens_min"] = round(row["tokens"] * low, 1)
        out[name] = limits
    return out
BASE = {8: {"latency": 0.291}, 16: {"latency": 7.478, "tokens": 89.1}}
LIMITS = slack(BASE)
`;
  const check = `
def test_a(r):
    row = LIMITS[16]
    assert r["latency"] <= row["latency_max"]
    assert r["tokens"] >= row["tokens_min"]
`;

  it('evaluates loops over tables with the literal of every cell kept', () => {
    expect(gatesOf(slack + check).map((gate) => gate.replaceAll(/test_case.py:\d+/g, 'line'))).toEqual([
      "r.latency <= 8.4 <- BASE[16]['latency'], slack(high), line",
      "r.tokens >= 78 <- BASE[16]['tokens'], slack(low), line",
    ]);
  });

  it('runs module bodies in order, so that overrides and caps below a derived table count', () => {
    const capped = `${slack}
CAP = 8.25
LIMITS[16]["latency_max"] = min(LIMITS[16]["latency_max"], CAP)
LIMITS[16]["tokens_min"] = 70
${check}`;
    const { assertions } = readText(capped);
    expect(assertions.map((one) => inShort(one).split(' <- ')[0])).toEqual([
      'r.latency <= 8.25',
      'r.tokens >= 70',
    ]);
    expect(assertions[1]?.rule.kind).toBe('override');
  });

  it('rounds as Python does, on the exact binary value with ties to even', () => {
    const text = `
A = round(2.675, 2)
B = round(0.125, 2)
C = round(2.5)
D = round(1234.5, -2)
def test_a(r):
    assert r["a"] <= A
    assert r["b"] <= B
    assert r["c"] <= C
    assert r["d"] <= D
`;
    expect(gatesOf(text).map((gate) => gate.split(' <- ')[0])).toEqual([
      'r.a <= 2.67',
      'r.b <= 0.12',
      'r.c <= 2',
      'r.d <= 1200',
    ]);
  });

  it('follows imports, aliases and re-exports inside the repository', () => {
    const reading = readSuite(
      {
        'tests/limits.py': 'from .base import FLOOR as _F\nFLOOR = _F\n',
        'tests/base.py': 'FLOOR = 0.75\ndef check(value, floor):\n    assert value >= floor\n',
        'tests/__init__.py': '',
        'tests/test_case.py':
          'import tests.limits as limits\nfrom tests import base\ndef test_a(r):\n    base.check(r["x"], limits.FLOOR)\n',
      },
      'tests/test_case.py',
    );
    expect(reading.assertions.map(inShort)).toEqual(['r.x >= 0.75 <- FLOOR']);
    expect(reading.assertions[0]).toMatchObject({
      at: 'tests/base.py:3',
      calls: ['tests/test_case.py:3', 'tests/test_case.py:4'],
    });
  });
});

describe('boolean flow', () => {
  it('follows conditions that are assigned, accumulated, returned and kept in a field', () => {
    const text = `
A, B, C, D = 0.1, 0.2, 0.3, 0.4
class Result:
    def __init__(self, ok):
        self.ok = ok
def judge(value):
    return Result(ok=value >= D)
def test_a(r):
    ok = r["a"] <= A
    ok = ok and r["b"] <= B
    ok &= r["c"] <= C
    assert ok
    assert judge(r["d"]).ok
`;
    expect(gatesOf(text).map((gate) => gate.split(' <- ')[0])).toEqual([
      'r.a <= 0.1',
      'r.b <= 0.2',
      'r.c <= 0.3',
      'r.d >= 0.4',
    ]);
  });

  it('takes all() over a zip with literals for a gate per element', () => {
    const text = `
GOLD = [0.5, 0.75]
TOL = 0.01
def test_a(seen):
    assert all(abs(p - q) < TOL for p, q in zip(seen, GOLD))
`;
    expect(gatesOf(text)).toEqual([
      'seen[0] within 0.01 of 0.5 <- TOL',
      'seen[1] within 0.01 of 0.75 <- TOL',
    ]);
  });

  it('reads a threshold in a filter whose result must be empty, and a count of what exceeds it', () => {
    const text = `
LIMIT = 0.25
def test_a(rows):
    worst = [row for row in rows if row["err"] > LIMIT]
    assert not worst
def test_b(rows):
    bad = 0
    for row in rows:
        if row["err"] > LIMIT:
            bad += 1
    assert bad == 0
`;
    expect(gatesOf(text)).toEqual(['rows[*].err <= 0.25 <- LIMIT', 'rows[*].err <= 0.25 <- LIMIT']);
  });

  it('reads a bound on every element of a list that was filtered before', () => {
    const text = `
LIMIT = 0.25
def valid(rows):
    kept = []
    for row in rows:
        if isinstance(row, dict):
            kept.append(row)
    return kept
def test_a(rows):
    for row in valid(rows):
        wer = row.get("wer")
        if wer is not None and not isinstance(wer, bool):
            assert wer <= LIMIT
`;
    expect(gatesOf(text)).toEqual(['rows[*].wer <= 0.25 <- LIMIT']);
  });

  it('does not take any() for a bound on one value', () => {
    expect(gatesOf('L = 0.5\ndef test_a(rows):\n    assert any(row["x"] > L for row in rows)\n')).toEqual([
      'any: rows[*].x > 0.5 <- L',
    ]);
  });

  it('picks the operator that a flag of the row selects', () => {
    const text = `
ROWS = [("qps", 2.5, True), ("latency", 0.25, False)]
def test_a(results):
    failed = []
    for name, bound, higher in ROWS:
        value = results[name]
        passed = value >= bound if higher else value <= bound
        if not passed:
            failed.append(name)
    status = "pass" if not failed else "fail"
    assert status == "pass"
`;
    expect(gatesOf(text)).toEqual([
      'results.qps >= 2.5 <- ROWS[0][1]',
      'results.latency <= 0.25 <- ROWS[1][1]',
    ]);
  });
});

describe('rows selected at run time', () => {
  it('makes a gate per row with the selector named', () => {
    const text = `
import os
LIMITS = {"h100": 0.25, "h200": 0.125}
DEVICE = os.environ.get("DEVICE", "h100")
def test_a(r):
    assert r["x"] <= LIMITS[DEVICE]
def test_b(r, request):
    limit = LIMITS.get(request.config.getoption("--device"))
    if limit is None:
        raise ValueError("unknown device")
    assert r["x"] <= limit
`;
    const gates = gatesOf(text);
    expect(gates.slice(0, 2)).toEqual([
      `r.x <= 0.25 <- LIMITS['h100'] [environ["DEVICE"] is "h100"]`,
      `r.x <= 0.125 <- LIMITS['h200'] [environ["DEVICE"] is "h200"]`,
    ]);
    expect(gates).toHaveLength(4);
  });

  it('follows constructor arguments, data classes, presets and self', () => {
    const text = `
import os
from dataclasses import dataclass, field
@dataclass(frozen=True)
class Limits:
    wer: float
    slack: float = 1.5
    def limit(self):
        return self.wer * self.slack
@dataclass
class Preset:
    limits: Limits
    extra: dict = field(default_factory=dict)
PRESETS = {"a": Preset(limits=Limits(wer=0.5)), "b": Preset(limits=Limits(0.25, slack=2.0))}
PRESET = PRESETS[os.environ.get("MODEL", "a")]
class Runner:
    def __init__(self, floor):
        self.floor = floor
    def run(self, value):
        assert value >= self.floor
def test_a(r):
    assert r["wer"] <= PRESET.limits.limit()
    Runner(0.75).run(r["acc"])
`;
    expect(gatesOf(text)).toEqual([
      `r.wer <= 0.75 <- Limits.slack, PRESETS['a'].limits.wer [environ["MODEL"] is "a"]`,
      `r.wer <= 0.5 <- PRESETS['b'].limits.slack, test_case.py:14 [environ["MODEL"] is "b"]`,
      'r.acc >= 0.75 <- test_case.py:23',
    ]);
  });

  it('reads rows of parametrize with their ids', () => {
    const text = `
import pytest
@pytest.mark.parametrize("name, floor", [pytest.param("a", 0.5), ("b", 0.75)], ids=["one", "two"])
def test_a(run, name, floor):
    assert run(name).score >= floor
`;
    expect(gatesOf(text).map((gate) => gate.replace(/<- .*? \[(?=test_a)/, '['))).toEqual([
      'run().score >= 0.5 [test_a is one]',
      'run().score >= 0.75 [test_a is two]',
    ]);
  });

  it('reads the default of an environment variable as the literal', () => {
    const text =
      'import os\nFLOOR = float(os.environ.get("FLOOR", "0.68"))\ndef test_a(r):\n    assert r["x"] >= FLOOR\n';
    expect(gatesOf(text)).toEqual(['r.x >= 0.68 <- FLOOR']);
  });

  it('reads fixtures of the file and of conftest.py', () => {
    const reading = readSuite(
      {
        'tests/conftest.py': 'import pytest\n@pytest.fixture\ndef floor():\n    yield 0.75\n',
        'tests/test_case.py':
          'import pytest\n@pytest.fixture\ndef results(run):\n    return {"x": run.x}\ndef test_a(results, floor):\n    assert results["x"] >= floor\n',
      },
      'tests/test_case.py',
    );
    expect(reading.assertions.map((one) => inShort(one).split(' <- ')[0])).toEqual(['run.x >= 0.75']);
  });
});

describe('guarded literals', () => {
  it('takes the branch of the present literal', () => {
    const text = `
REF: float | None = 0.5
MAX = None if REF is None else round(REF * 1.1, 4)
LOW = None
FLOOR = LOW or 0.25
TABLE = {"a": 0.75}
def check(value, limit):
    if limit is None:
        return
    assert value <= limit
def test_a(r):
    check(r["a"], MAX)
    check(r["b"], FLOOR)
    check(r["c"], TABLE.get("b", 0.875))
`;
    expect(gatesOf(text).map((gate) => gate.split(' <- ')[0])).toEqual([
      'r.a <= 0.55',
      'r.b <= 0.25',
      'r.c <= 0.875',
    ]);
  });

  it('names a None that switches a gate off', () => {
    const text = `
LIMIT: float | None = None
def test_a(r):
    if LIMIT is not None:
        assert r["x"] <= LIMIT
`;
    const { assertions, inactive } = readText(text);
    expect(assertions).toEqual([]);
    expect(inactive).toEqual([{ place: 'LIMIT', file: 'test_case.py', line: 2, at: 'test_case.py:4' }]);
  });

  it('remembers that another branch would be taken with another literal', () => {
    const text = `
A = 0.5
LIMIT = 0.25 if A > 0.3 else 0.125
def test_a(r):
    assert r["x"] <= LIMIT
`;
    const [assertion] = readText(text).assertions;
    expect(assertion?.rule).toMatchObject({ kind: 'branch', decisions: [{ operator: '>', outcome: true }] });
  });
});

describe('the side of the value', () => {
  it('reads the steps between the measured value and the comparison', () => {
    const text =
      'L = 95.0\ndef test_a(r):\n    assert round(r["acc"] * 100, 2) >= L\n    assert r["t"] / 1000 <= L\n    assert 1 - r["e"] >= L\n';
    const steps = readText(text).assertions.map(({ value }) =>
      value.steps.map(({ kind, by }) => `${kind} ${by}`),
    );
    expect(steps).toEqual([['mul 100', 'round 2'], ['div 1000'], ['rsub 1']]);
  });

  it('tells gates between two measurements and closeness of tensors apart', () => {
    const text = `
import torch
def test_a(a, b):
    assert a["t"] < 1.5 * b["t"]
    assert torch.allclose(a["x"], b["x"], atol=1e-3)
    torch.testing.assert_close(a["y"], b["y"])
`;
    const { assertions, apart } = readText(text);
    expect(assertions).toEqual([]);
    expect(apart.map(({ kind }) => kind)).toEqual(['two-measurements', 'tensor', 'tensor']);
  });
});

describe('a row that only a run knows', () => {
  const suite = (voice: string) => `
import os, random
VOICE = ${voice}
ALTO = 0.1
BASS = 0.2
LIMITS = {("alto", "whole"): ALTO, ("bass", "whole"): BASS, ("bass", "stream"): 0.9}
def test_a(results):
    assert results["wer"] <= LIMITS[VOICE, "whole"]
`;

  it.each([
    ['os.environ.get("VOICE")', 'environ["VOICE"]'],
    ['os.environ.get("VOICE", "alto")', 'environ["VOICE"]'],
    ['random.choice(["alto", "bass"])', 'random.choice()'],
  ])('is each one that fits the known part of its key: %s', (voice, name) => {
    expect(gatesOf(suite(voice))).toEqual([
      `results.wer <= 0.1 <- ALTO [${name} is "alto"]`,
      `results.wer <= 0.2 <- BASS [${name} is "bass"]`,
    ]);
  });

  it('is each one of a setting with another choice behind it, too', () => {
    const gates = gatesOf(suite('os.environ.get("VOICE") or random.choice(["alto", "bass"])'));
    expect(gates.join('\n')).toContain('results.wer <= 0.1 <- ALTO');
    expect(gates.join('\n')).toContain('results.wer <= 0.2 <- BASS');
    expect(gates.join('\n')).not.toContain('0.9');
  });

  it('is not guessed where a part of the key is a condition of which only the truth is known', () => {
    expect(gatesOf(suite('results_of("a") or results_of("b")'))).toEqual([]);
  });
});
