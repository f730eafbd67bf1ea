import { describe, expect, test } from 'vitest';

import { resolveEntry, stageBase } from '../../../src/domain/discovery/source.ts';
import { stageGpus } from '../../../src/domain/selection/units.ts';
import { parseStagesYaml, renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { discoverText, discoverTexts, findings, metricsOf, novaConfig } from './discover-texts.ts';

describe('stage base', () => {
  const config = novaConfig('stage_base_docs_override: handbook\n');

  test.each([
    ['tests/test_chart_ci.py', 'chart'],
    ['tests/test_test_chart_ci_ci.py', 'test_chart_ci'],
    ['tests/chart.py', 'chart'],
    ['tests/docs/test_chart_ci.py', 'handbook'],
    ['docs/chart.py', 'handbook'],
    ['mydocs/test_docs_ci.py', 'docs'],
  ])('of %s is %s', (path, base) => {
    expect(stageBase(path, config)).toBe(base);
  });

  test('a docs test without an override keeps its plain stem', () => {
    expect(stageBase('docs/test_chart_ci.py', novaConfig())).toBe('test_chart_ci');
  });
});

describe('metric_sources entries', () => {
  test.each([
    ['a.b', 'r.json', { json_file: 'r.json', json_path: 'a.b' }],
    ['a.b', undefined, { json_file: null, json_path: 'a.b' }],
    [' f.json :: a::b ', 'r.json', { json_file: 'f.json', json_path: 'a::b' }],
    ['', 'r.json', { json_file: null, json_path: null }],
    [undefined, 'r.json', { json_file: null, json_path: null }],
    ['f.json::', undefined, { json_file: 'f.json', json_path: null }],
  ])('%j with the default file %j', (entry, defaultFile, expected) => {
    expect(resolveEntry(entry, defaultFile)).toEqual(expected);
  });
});

describe('docs tests', () => {
  test('give one stage without metrics and counts', () => {
    const { stages, findings: found } = discoverTexts({
      tests: { 'docs/test_guide.py': 'A_MIN_ACCURACY = 1\n' },
    });
    expect(stages).toMatchObject([{ key: 'test_guide', title: 'Docs smoke', group: 'docs', metrics: {} }]);
    expect(stages[0]).not.toHaveProperty('sample_counts');
    expect(found).toEqual([]);
  });
});

describe('presets', () => {
  const presets = `metric_sources:
  test_x_ci.py:
    json_file: r.json
    sample_counts: {total: n, ok: done}
    paths: {corpus_wer: wer, rtf_mean: rtf}
    calibration_presets:
      red: {constant_filter: "^RED_", extra_env: {V: red}}
      blue: {constant_filter: "^BLUE_", extra_env: {V: blue}}
`;

  test('see only their own symbols, also in a file without variants', () => {
    const text =
      'RED_WER_MAX_CORPUS = 1\nBLUE_WER_MAX_CORPUS = 2\n_BLUE_P = {8: {"rtf_mean": 1}}\n_RED_P = {8: {"rtf_mean": 1}}\n';
    expect(metricsOf(discoverText(text, presets))).toEqual([
      'x_red_wer.corpus_wer RED_WER_MAX_CORPUS OK',
      'x_blue_wer.corpus_wer BLUE_WER_MAX_CORPUS OK',
      "x_red_speed.rtf_mean _RED_P['rtf_mean'] OK",
      "x_blue_speed.rtf_mean _BLUE_P['rtf_mean'] OK",
    ]);
  });

  test('that would take the same symbol are an error, and the file gives no stages', () => {
    const config = presets.replace('"^BLUE_"', '"^(BLUE|RED)_"');
    const discovery = discoverText('RED_WER_MAX_CORPUS = 1\n', config);
    expect(discovery.stages).toEqual([]);
    expect(findings(discovery, 'preset-overlap')).toEqual([
      "1:22 RED_WER_MAX_CORPUS is claimed by the presets red and blue; no preset may write another preset's literal",
    ]);
  });

  test('without filters claim everything, which is an error', () => {
    const config =
      'metric_sources:\n  test_x_ci.py:\n    calibration_presets:\n      red: {gpus: 1}\n      blue: {gpus: 1}\n';
    expect(findings(discoverText('A_MIN_ACCURACY = 1\n', config), 'preset-overlap')).toHaveLength(1);
  });

  test('may not share a symbol across variants either', () => {
    const config = `metric_sources:
  test_x_ci.py:
    calibration_presets:
      red: {constant_filter: "^RED_|^ANY_"}
      blue: {constant_filter: "^BLUE_|^ANY_"}
    variants:
      one: {}
      two: {}
`;
    expect(findings(discoverText('ANY_MIN_ACCURACY = 1\n', config), 'preset-overlap')).toHaveLength(1);
  });

  test('a preset of no GPU reaches stages.yaml, which is not the same as one without a number', () => {
    const config = presets.replace('blue: {', 'blue: {gpus: 0, ');
    const text = 'RED_WER_MAX_CORPUS = 1\nBLUE_WER_MAX_CORPUS = 2\n';
    const { stages } = discoverText(text, config);
    expect(stages.map((stage) => [stage.key, stage.gpus])).toEqual([
      ['x_red_wer', undefined],
      ['x_blue_wer', 0],
    ]);
    const read = parseStagesYaml(renderStagesYaml(stages), 'stages.yaml');
    expect(read.map((stage) => stageGpus(stage, { gpus_per_test: { 'test_x_ci.py': 4 } }))).toEqual([4, 0]);
  });

  test.each([
    ['preset blue', presets],
    ['variant two', 'metric_sources: {test_x_ci.py: {variants: {one: {}, two: {constant_filter: NONE}}}}\n'],
  ])('a %s that takes nothing is reported: calibration never leaves one out silently', (name, config) => {
    const discovery = discoverText('RED_WER_MAX_CORPUS = 1\n', config);
    expect(findings(discovery, 'empty-preset')).toEqual([
      `null:null the ${name} takes no threshold, so it has no stage and will not be calibrated`,
    ]);
  });

  test('a symbol that nobody takes is reported with its place', () => {
    const discovery = discoverText('RED_WER_MAX_CORPUS = 1\nGREEN_WER_MAX_CORPUS = 2\n', presets);
    expect(findings(discovery, 'unclaimed')).toEqual([
      '2:24 GREEN_WER_MAX_CORPUS (corpus_wer) fits no constant_filter of any variant or preset: not calibrated',
    ]);
  });
});

describe('variants', () => {
  test('use only their own fields; the file-level ones are ignored', () => {
    const config = `metric_sources:
  test_x_ci.py:
    json_file: file.json
    paths: {accuracy: acc}
    variants:
      one: {json_file: one.json, paths: {accuracy: acc1}}
      two: {paths: {accuracy: "b.json::acc2"}}
      three: {paths: {accuracy: acc3}}
`;
    const { stages } = discoverText('A_MIN_ACCURACY = 1\n', config);
    expect(stages.map(({ key, variant, metrics }) => [key, variant, metrics['accuracy']])).toMatchObject([
      ['x_one_accuracy', 'one', { json_file: 'one.json', json_path: 'acc1', status: 'OK' }],
      ['x_two_accuracy', 'two', { json_file: 'b.json', json_path: 'acc2', status: 'OK' }],
      ['x_three_accuracy', 'three', { json_file: null, json_path: 'acc3', status: 'NEEDS_CONFIG' }],
    ]);
  });

  test('filters match at the start of the name, leading underscores removed', () => {
    const config =
      'metric_sources:\n  test_x_ci.py:\n    variants:\n      one: {constant_filter: "A_(?!B_)"}\n';
    const text =
      'A_C_MIN_ACCURACY = 1\nA_B_WER_MAX_CORPUS = 1\nX_A_UTMOS_REFERENCE = 1\n_A_P = {8: {"rtf_mean": 1}}\n';
    expect(metricsOf(discoverText(text, config))).toEqual([
      'x_one_accuracy.accuracy A_C_MIN_ACCURACY NEEDS_CONFIG',
      "x_one_speed.rtf_mean _A_P['rtf_mean'] NEEDS_CONFIG",
    ]);
  });

  test('a stage key that is also an alias of others is warned about', () => {
    const tests = {
      'test_x_ci.py': '_P = {8: {"rtf_mean": 1}}\n',
      'test_x_speed_ci.py': 'A_MIN_ACCURACY = 1\n',
    };
    const config = '';
    expect(findings(discoverTexts({ tests, config }), 'alias-clash')).toHaveLength(1);
  });
});

describe('metrics that need config', () => {
  test('say which key to add', () => {
    const config = 'metric_sources:\n  test_x_ci.py:\n    variants:\n      one: {}\n';
    const needs = discoverText('A_MIN_ACCURACY = 1\n', config).findings.filter(
      ({ kind }) => kind === 'needs-config',
    );
    expect(needs).toMatchObject([{ severity: 'blocker', line: 1, column: 18 }]);
    expect(needs[0]?.remedy).toContain('metric_sources.test_x_ci.py.variants.one.paths.accuracy');
  });

  test('a stage without sample counts is warned about', () => {
    const config = 'metric_sources:\n  test_x_ci.py:\n    json_file: r.json\n    paths: {accuracy: a}\n';
    expect(findings(discoverText('A_MIN_ACCURACY = 1\n', config), 'no-counts')).toHaveLength(1);
  });

  test('additional metrics of the config make stages like the built-in ones', () => {
    const config =
      'metrics:\n  ttft_s: {pattern: "_TTFT_MAX$", worst: max, label: "TTFT (s)", digits: 3, group: latency, nested: true}\n' +
      'metric_sources:\n  test_x_ci.py:\n    json_file: r.json\n    sample_counts: {total: n, ok: done}\n    paths: {ttft_s: ttft}\n';
    const { stages } = discoverText('_P = {8: {"ttft_s": 0.2}}\n', config);
    expect(stages).toMatchObject([
      {
        key: 'x_latency',
        title: 'X Latency',
        metrics: { ttft_s: { worst: 'max', status: 'OK', display: { label: 'TTFT (s)' } } },
      },
    ]);
  });
});
