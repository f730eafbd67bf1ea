import { describe, expect, test } from 'vitest';

import { startabilityProblems } from '../../../src/domain/session/startability.ts';
import { discoverText, findings } from './discover-texts.ts';

function scopes(text: string, config = ''): Record<string, number | undefined> {
  const discovery = discoverText(text, config);
  return Object.fromEntries(discovery.stages.map((stage) => [stage.key, stage.expected_samples]));
}

const two = 'A_MIN_ACCURACY = 1\nA_WER_MAX_CORPUS = 1\n';

describe('expected_samples', () => {
  test('comes from the variable bound to max_samples, not from concurrency or tokens', () => {
    const text = `${two}CONCURRENCY = 16\nTOKENS = 9\nN = 30\nf(max_tokens=TOKENS, max_concurrency=CONCURRENCY, max_samples=N)\n`;
    expect(scopes(text)).toEqual({ x_accuracy: 30, x_wer: 30 });
  });

  test('is omitted, and reported, when only a concurrency is known', () => {
    const discovery = discoverText(`${two}CONCURRENCY = 16\nf(max_concurrency=CONCURRENCY)\n`);
    expect(discovery.stages.map((stage) => stage.expected_samples)).toEqual([undefined, undefined]);
    expect(findings(discovery, 'no-scope')).toEqual([
      'null:null x_accuracy has no sample scope',
      'null:null x_wer has no sample scope',
    ]);
  });

  test('a constant that is a concurrency as well is no scope even when bound to max_samples', () => {
    const text = `${two}LANES = 16\nf(max_concurrency=LANES)\nwarm_up(max_samples=LANES)\n`;
    expect(scopes(text)).toEqual({ x_accuracy: undefined, x_wer: undefined });
  });

  test('reads annotated assignments', () => {
    expect(scopes(`${two}N: int | None = 30\nf(max_samples=N)\n`)).toEqual({ x_accuracy: 30, x_wer: 30 });
  });

  test.each(['True', 'None', '3.0', '"3"', 'g()'])('takes nothing from a variable that is %s', (value) => {
    expect(scopes(`${two}N = ${value}\nf(max_samples=N)\n`)).toEqual({
      x_accuracy: undefined,
      x_wer: undefined,
    });
  });

  test.each(['0', '-5'])('a value below 1 is an error: %s', (value) => {
    const discovery = discoverText(`${two}N = ${value}\nf(max_samples=N)\n`);
    expect(discovery.findings.filter(({ severity }) => severity === 'error')).toHaveLength(2);
    expect(findings(discovery, 'invalid-scope')[0]).toContain(`N = ${value}`);
  });

  test('two different values are an ambiguous sample scope and block the start', () => {
    const discovery = discoverText(`${two}N = 30\nM = 40\nf(max_samples=N)\ng(max_samples=M)\n`);
    expect(discovery.stages.map((stage) => stage.expected_samples)).toEqual([undefined, undefined]);
    expect(findings(discovery, 'ambiguous-scope')[0]).toContain(
      'ambiguous sample scope, N = 30 (line 3) and M = 40 (line 4)',
    );
    expect(discovery.findings.filter(({ severity }) => severity === 'blocker')).toHaveLength(4);
  });

  test('a stage of ambiguous scope has no usable metric, so that it cannot be started', () => {
    const config =
      'metric_sources: {test_x_ci.py: {json_file: r.json, sample_counts: {total: n, ok: n}, paths: {accuracy: a}}}\n';
    const text = 'A_MIN_ACCURACY = 1\nN = 30\nM = 40\nf(max_samples=N)\ng(max_samples=M)\n';
    const { stages } = discoverText(text, config);
    expect(startabilityProblems(stages)).toEqual(['x_accuracy.accuracy: AMBIGUOUS (A_MIN_ACCURACY)']);
    const resolved = discoverText(text, config.replace('json_file', 'expected_samples: 30, json_file'));
    expect(startabilityProblems(resolved.stages)).toEqual([]);
  });

  test('a conditional second value is ambiguous too', () => {
    const discovery = discoverText(`${two}N = 30\nif quick:\n    N = 2\nf(max_samples=N)\n`);
    expect(findings(discovery, 'ambiguous-scope')).toHaveLength(2);
  });

  test('two variables of one value are not ambiguous', () => {
    expect(scopes(`${two}N = 30\nM = 30\nf(max_samples=N)\ng(max_samples=M)\n`)).toEqual({
      x_accuracy: 30,
      x_wer: 30,
    });
  });

  test('the config wins, by test', () => {
    const config = 'metric_sources:\n  test_x_ci.py:\n    expected_samples: 7\n';
    expect(scopes(`${two}N = 30\nf(max_samples=N)\n`, config)).toEqual({ x_accuracy: 7, x_wer: 7 });
  });

  test('the config wins, by group, and resolves an ambiguity there only', () => {
    const config = 'metric_sources:\n  test_x_ci.py:\n    expected_samples: {wer: 7}\n';
    const text = `${two}N = 30\nM = 40\nf(max_samples=N)\ng(max_samples=M)\n`;
    expect(scopes(text, config)).toEqual({ x_accuracy: undefined, x_wer: 7 });
    expect(findings(discoverText(text, config), 'ambiguous-scope')).toHaveLength(1);
  });

  test('the config wins, by variant over file', () => {
    const config =
      'metric_sources:\n  test_x_ci.py:\n    expected_samples: 7\n    variants:\n      one: {}\n      two: {expected_samples: {wer: 9}}\n';
    expect(scopes('A_WER_MAX_CORPUS = 1\nA_MIN_ACCURACY = 1\n', config)).toEqual({
      x_one_wer: 7,
      x_one_accuracy: 7,
      x_two_wer: 9,
      x_two_accuracy: 7,
    });
  });

  test('falls back to the presets by group and variant', () => {
    const text =
      'SEEDTTS_EN_FULLSET_SAMPLES = 200\nTTS_SIMILARITY_MAX_SAMPLES = 25\nSTREAMING_BENCHMARK_MAX_SAMPLES: int | None = 60\n' +
      'A_WER_MAX_CORPUS = 1\nA_SIMILARITY_MIN = 1\nA_UTMOS_REFERENCE = 1\nA_RTF_MEAN_MAX = 1\nA_MIN_ACCURACY = 1\n';
    const config = 'metric_sources:\n  test_x_ci.py:\n    variants:\n      whole: {}\n      stream: {}\n';
    expect(scopes(text, config)).toEqual({
      x_whole_wer: 200,
      x_whole_similarity: 25,
      x_whole_utmos: 200,
      x_whole_speed: 200,
      x_whole_accuracy: undefined,
      x_stream_wer: 60,
      x_stream_similarity: 25,
      x_stream_utmos: 60,
      x_stream_speed: 60,
      x_stream_accuracy: 60,
    });
  });

  test('a streaming preset of None means the full set', () => {
    const text =
      'SEEDTTS_EN_FULLSET_SAMPLES = 200\nSTREAMING_BENCHMARK_MAX_SAMPLES: int | None = None\nA_WER_MAX_CORPUS = 1\n';
    const config = 'metric_sources:\n  test_x_ci.py:\n    variants:\n      stream: {}\n';
    expect(scopes(text, config)).toEqual({ x_stream_wer: 200 });
  });

  test('asks the ASR constant last', () => {
    expect(scopes(`SEEDTTS_ASR_CORRECTNESS_SAMPLES = 88\n${two}`)).toEqual({ x_accuracy: 88, x_wer: 88 });
  });
});

describe('context_vars', () => {
  test('are all names bound to a context keyword, source order, each once, presets left out', () => {
    const text = `${two}f(max_concurrency=C, x=g(max_samples=N))\nh(max_tokens=T, max_new_tokens=C, max_samples=SEEDTTS_EN_FULLSET_SAMPLES)\n`;
    expect(discoverText(text).stages[0]?.context_vars).toEqual(['C', 'N', 'T']);
  });
});
