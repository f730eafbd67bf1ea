import { describe, expect, test } from 'vitest';

import { discoverText, discoverTexts, findings, metricsOf } from './discover-texts.ts';

const paths = `metric_sources:
  test_x_ci.py:
    json_file: r.json
    sample_counts: {total: n, ok: done}
    paths: {accuracy: acc, corpus_wer: wer, throughput_qps: qps, rtf_mean: rtf}
`;

describe('which constants count', () => {
  test('plain and annotated assignments, chained ones for every target', () => {
    const discovery = discoverText('A_MIN_ACCURACY: float = 0.5\n_Q = B_WER_MAX_CORPUS = 0.1\n', paths);
    expect(metricsOf(discovery)).toEqual([
      'x_accuracy.accuracy A_MIN_ACCURACY OK',
      'x_wer.corpus_wer B_WER_MAX_CORPUS AMBIGUOUS',
    ]);
    expect(findings(discovery, 'ambiguous-metric')[0]).toContain('shares its literal with _Q');
  });

  test('inner keys of a dictionary of dictionaries, whatever the outer keys and however often they repeat', () => {
    const text =
      '_P = {8: {"throughput_qps": 1, "warmup_s": 2}, N: {"rtf_mean": 3, "throughput_qps": 4}}\nN = 9\n';
    expect(metricsOf(discoverText(text, paths))).toEqual([
      "x_speed.throughput_qps _P['throughput_qps'] OK",
      "x_speed.rtf_mean _P['rtf_mean'] OK",
    ]);
  });

  test('a third level and a flat dictionary, by their full places', () => {
    const text = '_P = {"throughput_qps": 1}\n_Q = {1: {2: {"rtf_mean": 3}}}\n';
    expect(metricsOf(discoverText(text, paths))).toEqual([
      "x_speed.throughput_qps _P['throughput_qps'] OK",
      "x_speed.rtf_mean _Q[1][2]['rtf_mean'] OK",
    ]);
  });

  test('the one number of a list or table whose name says what it is', () => {
    expect(metricsOf(discoverText('A_MIN_ACCURACY = [0.5]\n', paths))).toEqual([
      'x_accuracy.accuracy A_MIN_ACCURACY[0] OK',
    ]);
  });

  test('the ignored ones are passed over with all their keys', () => {
    const config = `${paths}    ignored_constants: [_P, A_MIN_ACCURACY]\n`;
    const discovery = discoverText('A_MIN_ACCURACY = 1\n_P = {8: {"rtf_mean": 1}}\n', config);
    expect(discovery.stages).toEqual([]);
    expect(discovery.findings).toEqual([]);
  });

  test('a name that the config ignores but the file does not have is reported', () => {
    const discovery = discoverText('A = 1\n', `${paths}    ignored_constants: [GONE]\n`);
    expect(findings(discovery, 'config-entry')[0]).toContain('GONE');
  });
});

describe('what is recognised but cannot be calibrated is reported with its place', () => {
  test('a value that a slack function derives', () => {
    const text = 'A_WER_MAX_CORPUS = 0.1\nA_UTMOS_MEAN_MIN = apply_mos_slack(A_WER_MAX_CORPUS)\n';
    const discovery = discoverText(text, paths);
    expect(metricsOf(discovery)).toEqual(['x_wer.corpus_wer A_WER_MAX_CORPUS OK']);
    expect(findings(discovery, 'derived')).toEqual([
      '2:20 A_UTMOS_MEAN_MIN is computed (apply_mos_slack(A_WER_MAX_CORPUS)): a derived value is not calibrated',
    ]);
  });

  test('a speed dict that a call makes', () => {
    const discovery = discoverText('_P = apply_slack({8: {"rtf_mean": 1}})\nQ = apply_slack(_P)\n', paths);
    expect(discovery.stages).toEqual([]);
    expect(findings(discovery, 'derived')).toEqual([
      '1:6 _P is computed (apply_slack({8: {"rtf_mean": 1}})): a derived value is not calibrated',
    ]);
  });

  test('an inner value that is computed', () => {
    const discovery = discoverText('_P = {8: {"rtf_mean": 2 * 3, "throughput_qps": 1}}\n', paths);
    expect(metricsOf(discovery)).toEqual(["x_speed.throughput_qps _P['throughput_qps'] OK"]);
    expect(findings(discovery, 'derived')).toEqual([
      "1:23 _P['rtf_mean'] is 2 * 3, not a numeric literal: not calibrated",
    ]);
  });

  test.each(['None', '"0.5"', 'True', '[]', '{1: "a"}'])('a value that is no number: %s', (value) => {
    const discovery = discoverText(`A_MIN_ACCURACY = ${value}\n`, paths);
    expect(discovery.stages).toEqual([]);
    expect(findings(discovery, 'not-usable')[0]).toMatch(/^1:18 A_MIN_ACCURACY is .*not a number/);
  });

  test.each([
    ['a condition', 'if x:\n    A_MIN_ACCURACY = 0.5\n', '2:5'],
    ['a tuple target', 'A_MIN_ACCURACY, b = 0.5, 1\n', '1:1'],
    ['a walrus', 'if (A_MIN_ACCURACY := 0.5):\n    pass\n', '1:5'],
    ['an import', 'from limits import A_MIN_ACCURACY\n', '1:20'],
  ])('a constant that comes only from %s', (_what, text, place) => {
    const discovery = discoverText(text, paths);
    expect(discovery.stages).toEqual([]);
    expect(findings(discovery, 'not-usable')[0]).toMatch(new RegExp(`^${place} A_MIN_ACCURACY`));
  });

  test('an import suggests to name the threshold file', () => {
    const [finding] = discoverText('from limits import A_MIN_ACCURACY\n', paths).findings;
    expect(finding?.remedy).toContain('threshold_file');
  });

  test.each([
    ['two assignments', 'A_MIN_ACCURACY = 0.5\nA_MIN_ACCURACY = 0.6\n', '1:1, 2:1'],
    ['a conditional one besides', 'A_MIN_ACCURACY = 0.5\nif x:\n    A_MIN_ACCURACY = 0.6\n', '1:1, 3:5'],
    ['an augmented one besides', 'A_MIN_ACCURACY = 0.5\nA_MIN_ACCURACY += 0.1\n', '1:1, 2:1'],
  ])('%s make the metric AMBIGUOUS', (_what, text, places) => {
    const discovery = discoverText(text, paths);
    expect(metricsOf(discovery)).toEqual(['x_accuracy.accuracy A_MIN_ACCURACY AMBIGUOUS']);
    expect(findings(discovery, 'ambiguous-metric')[0]).toContain(places);
  });

  test('an item assigned to a speed dict makes its metrics AMBIGUOUS', () => {
    const discovery = discoverText('_P = {8: {"rtf_mean": 1}}\n_P[8]["rtf_mean"] = 2\n', paths);
    expect(metricsOf(discovery)).toEqual(["x_speed.rtf_mean _P['rtf_mean'] AMBIGUOUS"]);
  });

  test('a fixed constant is observed by nobody and reported as fixed', () => {
    const config = `${paths}    fixed_constants: [A_MIN_ACCURACY, _P]\n`;
    const discovery = discoverText('A_MIN_ACCURACY = 0.5\n_P = {8: {"rtf_mean": 1}}\n', config);
    expect(discovery.stages).toEqual([]);
    expect(findings(discovery, 'fixed')).toEqual([
      '1:1 A_MIN_ACCURACY is fixed by the config: not observed, left alone',
      '2:1 _P is fixed by the config: not observed, left alone',
    ]);
  });

  test('numeric constants that no rule matches are listed, context variables and scopes aside', () => {
    const text =
      'CONCURRENCY = 4\nMAX_SAMPLES = 3\nNOTE: float = 0.5\nNAME = "x"\nSEEDTTS_EN_FULLSET_SAMPLES = 9\n' +
      '_P = {8: {"rtf_mean": 1, "warmup_s": 9}, 16: {"warmup_s": 9}}\nf(max_samples=MAX_SAMPLES)\n';
    expect(findings(discoverText(text, paths), 'unmatched')).toEqual([
      '3:15 NOTE matches no metric',
      "6:38 _P['warmup_s'] matches no metric",
    ]);
  });

  test('every literal of a metric keeps its position', () => {
    const discovery = discoverText('_P = {\n  8: {"rtf_mean": 0.5},\n  16: {"rtf_mean": .7},\n}\n', paths);
    expect(discovery.literals).toEqual([
      {
        stage: 'x_speed',
        metric: 'rtf_mean',
        source: "_P['rtf_mean']",
        file: 'tests/test_x_ci.py',
        positions: [
          { line: 2, column: 19, text: '0.5' },
          { line: 3, column: 20, text: '.7' },
        ],
      },
    ]);
  });
});

describe('collisions', () => {
  test('two constants of one metric: the last is the source, AMBIGUOUS, and every claimant is named', () => {
    const discovery = discoverText('_P = {8: {"rtf_mean": 1}}\nX_RTF_MEAN_MAX = 2\n', paths);
    expect(metricsOf(discovery)).toEqual(['x_speed.rtf_mean X_RTF_MEAN_MAX AMBIGUOUS']);
    expect(findings(discovery, 'ambiguous-metric')).toEqual([
      "2:18 x_speed.rtf_mean is claimed by _P['rtf_mean'] (line 1), X_RTF_MEAN_MAX (line 2)",
    ]);
    expect(discovery.counts).toEqual({ ok: 0, needsConfig: 0, ambiguous: 1, blocked: 0 });
  });

  test('the way out of it can be pasted as it stands', () => {
    const discovery = discoverText('_P = {8: {"rtf_mean": 1}}\nX_RTF_MEAN_MAX = 2\n', paths);
    const [finding] = discovery.findings.filter(({ kind }) => kind === 'ambiguous-metric');
    expect(finding?.remedy).toBe(
      'list all but the right one in metric_sources.test_x_ci.py: ignored_constants: ["X_RTF_MEAN_MAX"] keeps ' +
        `_P['rtf_mean']; ignored_constants: ["_P['rtf_mean']"] keeps X_RTF_MEAN_MAX`,
    );
  });

  test.each([
    ['X_RTF_MEAN_REF = 2\nX_RTF_MEAN_MAX = 3\nX_RTF_MEAN_REFERENCE = 4\n', 'X_RTF_MEAN_REF'],
    ['X_RTF_MEAN_MAX = 3\nX_RTF_MEAN_REFERENCE = 4\n', 'X_RTF_MEAN_REFERENCE'],
    [
      '_P = {8: {"rtf_mean": 1}}\nX_RTF_MEAN_MAX = 2\nT = slack(_P)\nT[8] = min(T[8], X_RTF_MEAN_MAX)\n',
      "_P['rtf_mean']",
    ],
  ])('a reference outranks a bound, and anything a mere cap: %j', (text, source) => {
    const discovery = discoverText(text, paths);
    expect(metricsOf(discovery)).toEqual([`x_speed.rtf_mean ${source} OK`]);
    expect(findings(discovery, 'ambiguous-metric')).toEqual([]);
    expect(findings(discovery, 'passed-over').join('\n')).toContain('X_RTF_MEAN_MAX');
  });

  test('two caps are as ambiguous as two bounds', () => {
    const text = '_X_RTF_MEAN_MAX = 2\nX_RTF_MEAN_MAX = 3\nT = min(_X_RTF_MEAN_MAX, X_RTF_MEAN_MAX)\n';
    expect(metricsOf(discoverText(text, paths))).toEqual(['x_speed.rtf_mean X_RTF_MEAN_MAX AMBIGUOUS']);
  });

  test('a name that fits two metrics is ambiguous, with the entry that settles it', () => {
    const config = `${paths}metrics:\n  one: {match: "_RTF_", worst: max, group: speed}\n  two: {match: "RTF_MEAN", worst: max, group: speed}\n`;
    const discovery = discoverText('X_RTF_MEAN_MAX = 2\n', config);
    expect(metricsOf(discovery)).toEqual(['x_speed.one X_RTF_MEAN_MAX AMBIGUOUS']);
    const [finding] = discovery.findings.filter(({ kind }) => kind === 'ambiguous-metric');
    expect(finding?.message).toBe('x_speed.one: X_RTF_MEAN_MAX fits the metrics one and two');
    expect(finding?.remedy).toContain('metrics: one: {match: "^X_RTF_MEAN_MAX$"}');
  });

  test('a threshold that its suite pins by hand is never a target', () => {
    const discovery = discoverText('MOSS_TD_STREAM_N_ABOVE_50_CER_MAX: int | None = 31\n', paths);
    expect(discovery.stages).toEqual([]);
    expect(findings(discovery, 'fixed')).toHaveLength(1);
  });

  test('ignoring one of them is the cure', () => {
    const config = `${paths}    ignored_constants: [X_RTF_MEAN_MAX]\n`;
    const discovery = discoverText('_P = {8: {"rtf_mean": 1}}\nX_RTF_MEAN_MAX = 2\n', config);
    expect(metricsOf(discovery)).toEqual(["x_speed.rtf_mean _P['rtf_mean'] OK"]);
  });

  test('two files of one stage key are an error', () => {
    const config = 'metric_sources: {}\n';
    const tests = { 'a/test_x_ci.py': 'A_MIN_ACCURACY = 1\n', 'b/test_x_ci.py': 'A_MIN_ACCURACY = 1\n' };
    const discovery = discoverTexts({ tests, config });
    expect(findings(discovery, 'duplicate-stage')[0]).toContain('a/test_x_ci.py');
  });
});
