import { describe, expect, test } from 'vitest';

import { discoverText, discoverTexts, findings, metricsOf } from './discover-texts.ts';

const paths = `metric_sources:
  test_x_ci.py:
    json_file: r.json
    sample_counts: {total: n, ok: done}
    paths: {accuracy: acc, corpus_wer: wer, throughput_qps: qps, rtf_mean: rtf, latency_p95_s: p95}
`;

describe('a threshold that is not a module-level assignment is reported with its place', () => {
  test.each([
    [
      'a class that sets it twice',
      'class C:\n    A_MIN_ACCURACY = 0.5\n    A_MIN_ACCURACY = 0.6\n',
      '2:5',
      'class C',
    ],
    ['a class in a function', 'def f():\n    class C:\n        A_MIN_ACCURACY = 0.5\n', '3:9', 'class C'],
    ['a function', 'def run():\n    A_MIN_ACCURACY = 0.5\n', '2:5', 'inside function run'],
    ['an async function', 'async def run():\n\tA_MIN_ACCURACY = 0.5\n', '2:2', 'function run'],
    ['a method', 'class C:\n  def run(self):\n    A_MIN_ACCURACY = 0.5\n', '3:5', 'function run'],
    ['a condition in a function', 'def run():\n  if x:\n    A_MIN_ACCURACY = 0.5\n', '3:5', 'function run'],
    ['a bare annotation', 'A_MIN_ACCURACY: float\n', '1:1', 'never given a value'],
    ['TYPE_CHECKING', 'if TYPE_CHECKING:\n    A_MIN_ACCURACY = 0.5\n', '2:5', '@if: 0.5 where TYPE_CHECKING'],
    ['an augmented assignment', 'A_MIN_ACCURACY += 0.5\n', '1:1', 'augmented'],
    ['a loop target', 'for A_MIN_ACCURACY in limits:\n    pass\n', '1:5', 'loop'],
    ['a with statement', 'with limit() as A_MIN_ACCURACY:\n    pass\n', '1:17', 'with'],
    ['a definition', 'def A_MIN_ACCURACY():\n    return 0.5\n', '1:5', 'definition'],
    ['a starred target', 'a, *A_MIN_ACCURACY = x\n', '1:5', 'tuple'],
    ['an aliased import', 'from limits import a as A_MIN_ACCURACY\n', '1:25', 'imported from limits'],
  ])('in %s', (_where, text, place, words) => {
    const discovery = discoverText(text, paths);
    expect(discovery.stages).toEqual([]);
    const [found] = findings(discovery, 'not-usable');
    expect(found).toMatch(new RegExp(`^${place} A_MIN_ACCURACY `));
    expect(found).toContain(words);
  });

  test.each([['a speed dict in a class', 'class C:\n    _P = {8: {"rtf_mean": 1}}\n', '2:5 _P']])(
    '%s',
    (_what, text, start) => {
      const discovery = discoverText(text, paths);
      expect(metricsOf(discovery)).toEqual([]);
      expect(findings(discovery, 'not-usable')[0]).toContain(start);
    },
  );

  test.each([
    [
      'an inner call',
      '_P = {8: apply_slack({"rtf_mean": 1})}\n',
      "1:10 'rtf_mean' of _P is inside an expression",
    ],
    ['a union', '_P = {8: {"rtf_mean": 1}} | OTHER\n', '1:6 _P is computed'],
    ['a comprehension', '_P = {n: {"rtf_mean": 1} for n in N}\n', '1:6 _P is computed'],
  ])('a speed dict made by %s', (_what, text, start) => {
    const discovery = discoverText(text, paths);
    expect(metricsOf(discovery)).toEqual([]);
    expect(findings(discovery, 'derived')[0]).toContain(start);
  });

  test.each([
    ['names and texts', 'LABELS = {"rtf_mean": "RTF", "accuracy": "Acc"}\n'],
    ['other names in functions', 'def run():\n    LIMIT = 0.5\n    check(A_MIN_ACCURACY=0.5)\n'],
    ['keyword arguments over several lines', 'run(\n    A_MIN_ACCURACY=0.5,\n)\n'],
    ['defaults of parameters', 'def run(\n    A_MIN_ACCURACY: float = 0.5,\n): ...\n'],
    ['texts', 'DOC = """\n    A_MIN_ACCURACY = 0.5\n"""\n'],
  ])('but nothing is said about %s', (_what, text) => {
    expect(findings(discoverText(text, paths), 'not-usable')).toEqual([]);
  });

  test('a list of ignored constants silences local names too', () => {
    const config = `${paths}    ignored_constants: [A_MIN_ACCURACY]\n`;
    const discovery = discoverText('class Limits:\n    A_MIN_ACCURACY = 0.5\n', config);
    expect(discovery.findings).toEqual([]);
  });

  test('an import of everything is mentioned with its place', () => {
    const discovery = discoverText('import os\nfrom .limits import *  # all\n', paths);
    expect(findings(discovery, 'wildcard-import')).toEqual([
      '2:1 constants that "from .limits import *" brings along are not seen',
    ]);
  });

  test('a threshold left in the test file beside a threshold file is a warning', () => {
    const config = 'metric_sources: {test_x_ci.py: {threshold_file: limits.py}}\n';
    const tests = { 'tests/test_x_ci.py': 'from limits import B_WER_MAX_CORPUS\nA_MIN_ACCURACY = 0.5\n' };
    const discovery = discoverTexts({ tests, limits: { 'limits.py': 'B_WER_MAX_CORPUS = 1\n' }, config });
    expect(metricsOf(discovery)).toEqual(['x_wer.corpus_wer B_WER_MAX_CORPUS NEEDS_CONFIG']);
    expect(findings(discovery, 'not-usable')).toEqual([
      "2:18 A_MIN_ACCURACY (accuracy) is not calibrated: the config reads this test's thresholds from limits.py",
    ]);
  });
});

describe('a threshold whose literal is not certain is AMBIGUOUS', () => {
  test.each([
    ['del', 'A_MIN_ACCURACY = 0.5\ndel A_MIN_ACCURACY\n', 'is deleted'],
    ['a del of several', 'A_MIN_ACCURACY = 0.5\ndel (b, A_MIN_ACCURACY)\n', 'is deleted'],
    ['a conditional del', 'A_MIN_ACCURACY = 0.5\nif x:\n  del A_MIN_ACCURACY\n', 'is deleted'],
    ['global', 'A_MIN_ACCURACY = 0.5\ndef f():\n  global A_MIN_ACCURACY\n  A_MIN_ACCURACY = 1\n', 'global'],
    ['a loop', 'A_MIN_ACCURACY = 0.5\nwhile x:\n  for A_MIN_ACCURACY in y: pass\n', 'bound by a loop'],
    ['except', 'A_MIN_ACCURACY = 0.5\ntry: f()\nexcept E as A_MIN_ACCURACY: pass\n', 'except clause'],
    ['an import', 'from limits import A_MIN_ACCURACY\nA_MIN_ACCURACY = 0.5\n', 'is imported'],
    ['a walrus', 'A_MIN_ACCURACY = 0.5\nf(A_MIN_ACCURACY := 1)\n', 'inside an expression'],
  ])('%s besides its assignment', (_what, text, words) => {
    const discovery = discoverText(text, paths);
    expect(metricsOf(discovery)).toEqual(['x_accuracy.accuracy A_MIN_ACCURACY AMBIGUOUS']);
    expect(findings(discovery, 'ambiguous-metric')[0]).toContain(words);
  });

  test.each([
    ['** beside it', '_P = {8: {"rtf_mean": 1, **BASE}}\n'],
    ['** beside its level', '_P = {8: {"rtf_mean": 1}, **BASE}\n'],
    ['the same key twice', '_P = {8: {"rtf_mean": 1, "rtf_mean": 2}}\n'],
    ['a del of its level', '_P = {8: {"rtf_mean": 1}}\ndel _P[8]\n'],
  ])('a speed dict with %s', (_what, text) => {
    const discovery = discoverText(text, paths);
    expect(metricsOf(discovery)).toEqual(["x_speed.rtf_mean _P['rtf_mean'] AMBIGUOUS"]);
  });

  test('an annotation first and the value later is certain', () => {
    const discovery = discoverText('A_MIN_ACCURACY: float\nA_MIN_ACCURACY = 0.5\n', paths);
    expect(metricsOf(discovery)).toEqual(['x_accuracy.accuracy A_MIN_ACCURACY OK']);
    expect(findings(discovery, 'not-usable')).toEqual([]);
  });
});

describe('nested metrics', () => {
  test('the name of a speed dict does not matter, even where it reads like a bare threshold', () => {
    const discovery = discoverText('X_LATENCY_P95_MAX = {8: {"latency_p95_s": 1, "rtf_mean": 2}}\n', paths);
    expect(metricsOf(discovery)).toEqual([
      "x_speed.latency_p95_s X_LATENCY_P95_MAX['latency_p95_s'] OK",
      "x_speed.rtf_mean X_LATENCY_P95_MAX['rtf_mean'] OK",
    ]);
    expect(findings(discovery, 'not-usable')).toEqual([]);
  });

  test.each([`"_P['rtf_mean']"`, `'_P["rtf_mean"]'`])('a single key can be ignored, as %s', (entry) => {
    const config = `${paths}    ignored_constants: [${entry}]\n`;
    const discovery = discoverText(
      '_P = {8: {"rtf_mean": 1, "throughput_qps": 2}}\nX_RTF_MEAN_MAX = 2\n',
      config,
    );
    expect(metricsOf(discovery)).toEqual([
      "x_speed.throughput_qps _P['throughput_qps'] OK",
      'x_speed.rtf_mean X_RTF_MEAN_MAX OK',
    ]);
    expect(findings(discovery, 'config-entry')).toEqual([]);
  });

  test('a single key can be fixed', () => {
    const config = `${paths}    fixed_constants: ["_P['rtf_mean']"]\n`;
    const discovery = discoverText('_P = {8: {"rtf_mean": 1, "throughput_qps": 2}}\n', config);
    expect(metricsOf(discovery)).toEqual(["x_speed.throughput_qps _P['throughput_qps'] OK"]);
    expect(findings(discovery, 'fixed')[0]).toMatch(/^1:23 _P\['rtf_mean'\] is fixed/);
  });
});
