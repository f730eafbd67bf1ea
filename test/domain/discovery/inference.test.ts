import { describe, expect, test } from 'vitest';

import { describeMerge, inferSource, mergeSource } from '../../../src/domain/discovery/source.ts';
import { discoverText, findings, source } from './discover-texts.ts';

function infer(text: string) {
  return inferSource(source('tests/test_x_ci.py', text).facts);
}

function jsonFile(text: string) {
  return infer(text)?.json_file;
}

describe('inference for tmp_path tests', () => {
  test('cuts the function name to 30 characters and appends 0', () => {
    const text =
      'def test_chart_accuracy_and_speed_on_gpu(server, tmp_path):\n    run(str(tmp_path / "chart"))\n';
    expect(jsonFile(text)).toBe('test_chart_accuracy_and_speed_0/chart/chart_results.json');
  });

  test('strips a trailing _audio from the result name only', () => {
    expect(jsonFile('def test_a(tmp_path): run(tmp_path / "mmmu_audio")\n')).toBe(
      'test_a0/mmmu_audio/mmmu_results.json',
    );
  });

  test.each([
    ['async functions', 'async def test_a(tmp_path): run(tmp_path / "x")\n'],
    ['decorated functions', '@d(1)\n@e\ndef test_a(tmp_path): run(tmp_path / "x")\n'],
    ['annotated parameters', 'def test_a(s, tmp_path: Path): run(tmp_path / "x")\n'],
    ['positional-only parameters', 'def test_a(tmp_path, /, *, k): run(tmp_path / "x")\n'],
    ['parameters with a default', 'def test_a(tmp_path: Path = None): run(tmp_path / "x")\n'],
    ['nested expressions', 'def test_a(tmp_path):\n    with f(tmp_path / "x" / "y") as z:\n        pass\n'],
  ])('accepts %s', (_what, text) => {
    expect(jsonFile(text)).toBe('test_a0/x/x_results.json');
  });

  test.each([
    ['a keyword-only parameter', 'def test_a(*, tmp_path): run(tmp_path / "x")\n'],
    ['a parameter behind *args', 'def test_a(*args, tmp_path): run(tmp_path / "x")\n'],
    ['a fixture, since its name does not begin with test', 'def results(tmp_path): run(tmp_path / "x")\n'],
    ['tmp_path_factory', 'def test_a(tmp_path_factory): run(tmp_path_factory.mktemp("x"))\n'],
    ['a method', 'class T:\n    def test_a(self, tmp_path): run(tmp_path / "x")\n'],
    ['a name instead of a literal', 'def test_a(tmp_path): run(tmp_path / NAME)\n'],
    ['an f-string', 'def test_a(tmp_path): run(tmp_path / f"x{y}")\n'],
  ])('does not apply to %s', (_what, text) => {
    expect(infer(text)).toBeNull();
  });

  test('passes over a function without the expression', () => {
    const text = 'def test_a(tmp_path): pass\ndef test_b(tmp_path): run(tmp_path / "x")\n';
    expect(jsonFile(text)).toBe('test_b0/x/x_results.json');
  });

  test('takes the shallowest expression of the function', () => {
    const text =
      'def test_a(tmp_path):\n    if x:\n        run(f(tmp_path / "deep"))\n    out = tmp_path / "out"\n';
    expect(jsonFile(text)).toBe('test_a0/out/out_results.json');
  });

  test('infers output_tok_per_req_s, which every speed dict uses', () => {
    expect(infer('def test_a(tmp_path): run(tmp_path / "x")\n')?.paths).toMatchObject({
      output_tok_per_req_s: 'speed.output_tok_per_req_s',
      corpus_wer: 'wer.summary.wer_corpus',
    });
  });

  test('knows the layout of the MMSU benchmark, wherever among the imports it stands', () => {
    const text =
      'from benchmarks.eval.other import x\nfrom benchmarks.eval.benchmark_omni_mmsu import run\ndef test_a(tmp_path): run(tmp_path / "x")\n';
    expect(infer(text)).toMatchObject({
      sample_counts: { total: 'summary.total_samples', ok: 'summary.successful_samples' },
      paths: { accuracy: 'summary.overall_accuracy', throughput_qps: 'speed_metrics.throughput_qps' },
    });
  });

  test('warns when another test shares the first 30 characters', () => {
    const text =
      'A_MIN_ACCURACY = 1\ndef test_chart_accuracy_and_speed_on_gpu(tmp_path): run(tmp_path / "x")\ndef test_chart_accuracy_and_speed_on_cpu(): pass\n';
    expect(findings(discoverText(text), 'order-dependent')[0]).toContain(
      'test_chart_accuracy_and_speed_on_cpu',
    );
  });
});

describe('merge and messages', () => {
  const inferred = infer('def test_a(tmp_path): run(tmp_path / "x")\n');
  const file = 'test_x_ci.py';

  test('config entries are laid over the inferred ones, map by map', () => {
    const merged = mergeSource({ paths: { accuracy: 'mine' }, sample_counts: { ok: 'good' } }, inferred);
    expect(merged).toMatchObject({
      json_file: 'test_a0/x/x_results.json',
      sample_counts: { total: 'summary.total_samples', ok: 'good' },
      paths: { accuracy: 'mine', rtf_mean: 'speed.rtf_mean' },
    });
  });

  test('[auto] suggests an entry with only the paths of metrics that the file has', () => {
    expect(
      describeMerge({ file, configured: undefined, inferred, metrics: ['rtf_mean', 'utmos_mean'] }),
    ).toEqual([
      '  [auto] test_x_ci.py: inferred from AST (convention).',
      '    Suggested config.yaml entry:',
      '      test_x_ci.py:',
      '        json_file: "test_a0/x/x_results.json"',
      '        sample_counts:',
      '          total: "summary.total_samples"',
      '          ok: "speed.completed_requests"',
      '        paths:',
      '          rtf_mean: "speed.rtf_mean"',
    ]);
  });

  test('[ok] when what the config lists is what convention says', () => {
    const configured = { json_file: 'test_a0/x/x_results.json', paths: { accuracy: 'summary.accuracy' } };
    expect(describeMerge({ file, configured, inferred, metrics: [] })).toEqual([
      '  [ok] test_x_ci.py: config matches inference',
    ]);
  });

  test.each([
    [{ json_file: 'other.json' }, 'json_file differ'],
    [{ paths: { accuracy: 'mine' } }, 'paths differ'],
    [{ json_file: 'other.json', paths: { accuracy: 'mine' } }, 'json_file, paths differ'],
  ])('[override] names only what differs: %j', (configured, words) => {
    expect(describeMerge({ file, configured, inferred, metrics: [] })).toEqual([
      `  [override] test_x_ci.py: config.yaml overrides convention (${words})`,
    ]);
  });

  test('[warn] when there is neither', () => {
    expect(describeMerge({ file, configured: undefined, inferred: null, metrics: [] })).toEqual([
      '  [warn] test_x_ci.py: no auto-inference available, needs metric_sources in config.yaml',
    ]);
  });

  test('nothing when there is only the config', () => {
    expect(describeMerge({ file, configured: { json_file: 'r.json' }, inferred: null, metrics: [] })).toEqual(
      [],
    );
  });
});
