import { describe, expect, it } from 'vitest';

import { CalibError } from '../../../src/domain/calib-error.ts';
import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';

const required = `name: nova
hf_model_id: acme/nova
hf_datasets: [acme/data]
`;

function parse(yaml: string, directoryName = 'nova') {
  return parseModelConfig({ file: 'models/nova/config.yaml', yaml, directoryName });
}

function failure(yaml: string): CalibError {
  try {
    parse(yaml);
  } catch (error) {
    if (error instanceof CalibError) {
      return error;
    }
    throw error;
  }
  throw new Error('the config was accepted');
}

describe('parseModelConfig', () => {
  it('fills every optional key with its default', () => {
    expect(parse(required)).toEqual({
      warnings: [],
      value: {
        name: 'nova',
        hf_model_id: 'acme/nova',
        hf_datasets: ['acme/data'],
        hf_datasets_by_test: {},
        requires_speaker_sim_by_test: {},
        hf_model_ids_by_test: {},
        auto_env: {},
        gpus_per_test: {},
        test_globs: [],
        extra_env: {},
        pytest_extra_args: {},
        stage_base_strip_prefix: '',
        stage_base_strip_suffix: '',
        jit_cache: 'cold',
        metric_sources: {},
        metrics: {},
        requires_capabilities: {},
        imports: [],
        pins: [],
        timeout_s_by_test: {},
        evidence: [],
      },
    });
  });

  it('keeps the source text of unquoted scalars in environment maps and pytest arguments', () => {
    const { value } =
      parse(`${required}auto_env: {A: 1.0, B: True, C: 007, D: 0x10, E: 1e3, F: "x", G: null, H: ~, I: }
extra_env:
  test_a_ci.py: {SEED: 7}
pytest_extra_args:
  test_a_ci.py: [--concurrency, 16, 1.50]
metric_sources:
  test_a_ci.py:
    calibration_presets:
      red: {extra_env: {ON: yes, RATE: 2.50}}
`);
    expect(value.auto_env).toEqual({
      A: '1.0',
      B: 'True',
      C: '007',
      D: '0x10',
      E: '1e3',
      F: 'x',
      G: 'null',
      H: '~',
      I: '',
    });
    expect(value.extra_env).toEqual({ 'test_a_ci.py': { SEED: '7' } });
    expect(value.pytest_extra_args).toEqual({ 'test_a_ci.py': ['--concurrency', '16', '1.50'] });
    expect(value.metric_sources['test_a_ci.py']?.calibration_presets?.['red']?.extra_env).toEqual({
      ON: 'yes',
      RATE: '2.50',
    });
  });

  it('keeps the source text of a scalar that is reached through an alias', () => {
    const { value } = parse(`${required}auto_env: &env {A: 1.0}
extra_env: {test_a_ci.py: *env}
`);
    expect(value.extra_env).toEqual({ 'test_a_ci.py': { A: '1.0' } });
  });

  it('reads a key with nothing below it as absent', () => {
    const { value } = parse(
      `${required}gpus_per_test:\n  # nothing yet\nmetric_sources:\n  test_a_ci.py:\n    paths:\n`,
    );
    expect(value.gpus_per_test).toEqual({});
    expect(value.metric_sources).toEqual({ 'test_a_ci.py': {} });
  });

  it('warns about an unknown key with file, line and the nearest known key', () => {
    const { value, warnings } = parse(`${required}gpu_per_test: {test_a_ci.py: 1}\n`);
    expect(warnings).toEqual([
      'models/nova/config.yaml:4:1: gpu_per_test: unknown key, ignored; did you mean gpus_per_test?',
    ]);
    expect(value).not.toHaveProperty('gpu_per_test');
  });

  it('lists the known keys where none is near an unknown nested key', () => {
    const { warnings } = parse(
      `${required}metric_sources:\n  test_a_ci.py:\n    variants:\n      whole:\n        zzzzzz: 1\n`,
    );
    expect(warnings).toEqual([
      'models/nova/config.yaml:8:9: metric_sources.test_a_ci.py.variants.whole.zzzzzz: unknown key, ignored; ' +
        'known here: json_file, paths, sample_counts, sample_counts_by_group, places, expected_samples, ' +
        'observation_validity, allowed_pytest_failure, constant_filter, stage_base_override, omit_variant_suffix, context_vars',
    ]);
  });

  it('names file, line, column, key, found and valid for a wrong type', () => {
    expect(failure(`${required}gpus_per_test:\n  test_a_ci.py: two\n`)).toMatchObject({
      code: 'invalid-input',
      message:
        'models/nova/config.yaml:5:17: gpus_per_test.test_a_ci.py: found "two"; valid: a whole number of GPUs, 0 or more',
    });
  });

  it('reports every wrong value at once', () => {
    const { message } = failure(`${required}gpus_per_test: {test_a_ci.py: -1}\ntest_globs: tests/*.py\n`);
    expect(message.split('\n')).toEqual([
      'models/nova/config.yaml:4:31: gpus_per_test.test_a_ci.py: found -1 (number); valid: a whole number of GPUs, 0 or more',
      'models/nova/config.yaml:5:13: test_globs: found "tests/*.py"; valid: a list of globs relative to the repository root',
    ]);
  });

  it('names a required key that is missing', () => {
    expect(failure('hf_model_id: a/b\n').message).toBe(
      'models/nova/config.yaml:1:1: name: found nothing (the key is required); valid: a non-empty string',
    );
  });

  it('refuses a name that differs from the directory', () => {
    expect(failure(required.replace('name: nova', 'name: supernova')).message).toBe(
      'models/nova/config.yaml:1:7: name: found "supernova"; valid: "nova", the name of the folder it is in',
    );
  });

  it('refuses an empty list of interpreters', () => {
    expect(failure(`${required}default_venv_python: []\n`).message).toContain(
      'found an empty list; valid: a path',
    );
  });

  it('refuses a test file key with folders, which would never match', () => {
    expect(failure(`${required}gpus_per_test: {tests/test_a_ci.py: 1}\n`).message).toContain(
      'models/nova/config.yaml:4:17: gpus_per_test.tests/test_a_ci.py: found key tests/test_a_ci.py; valid: the name of a test file',
    );
  });

  it('accepts a GPU count of 0', () => {
    expect(parse(`${required}gpus_per_test: {test_a_ci.py: 0}\n`).value.gpus_per_test).toEqual({
      'test_a_ci.py': 0,
    });
  });

  it.each(['3', '{wer: 3, speed: 4}'])(
    'accepts expected_samples as %s on a source and a variant',
    (samples) => {
      const yaml = `${required}metric_sources:
  test_a_ci.py:
    expected_samples: ${samples}
    variants: {whole: {expected_samples: ${samples}}}
`;
      const source = parse(yaml).value.metric_sources['test_a_ci.py'];
      expect(source?.expected_samples).toEqual(source?.variants?.['whole']?.expected_samples);
      expect(source?.expected_samples).toBeDefined();
    },
  );

  it.each(['0', '-1', '1.5', 'true', '{wer: 0}', '[]'])('refuses expected_samples %s', (samples) => {
    const yaml = `${required}metric_sources:\n  test_a_ci.py:\n    expected_samples: ${samples}\n`;
    expect(failure(yaml).message).toContain('1 or more');
  });

  it('refuses a constant_filter that is not a regular expression', () => {
    const yaml = `${required}metric_sources:\n  test_a_ci.py:\n    variants:\n      whole: {constant_filter: "^(A"}\n`;
    expect(failure(yaml).message).toContain(
      ':7:32: metric_sources.test_a_ci.py.variants.whole.constant_filter: found "^(A"; valid: a valid regular expression',
    );
  });

  it.each(['../x.json', '/abs.json', 'a/../../x.json'])(
    'refuses the result file %s, outside the base temp',
    (file) => {
      const yaml = `${required}metric_sources:\n  test_a_ci.py:\n    json_file: ${file}\n`;
      expect(failure(yaml).message).toContain(
        "a path relative to pytest's base temp directory that stays inside it",
      );
    },
  );

  it('refuses a path entry whose file lies outside the base temp', () => {
    const yaml = `${required}metric_sources:\n  test_a_ci.py:\n    paths: {accuracy: "../x.json::a.b"}\n`;
    expect(failure(yaml).message).toContain(
      'metric_sources.test_a_ci.py.paths.accuracy: found "../x.json::a.b"',
    );
  });

  it('accepts an empty path entry, which means no file and no path', () => {
    const { value } = parse(`${required}metric_sources:\n  test_a_ci.py:\n    paths: {accuracy: ""}\n`);
    expect(value.metric_sources['test_a_ci.py']?.paths).toEqual({ accuracy: '' });
  });

  it.each([
    '[-x]',
    '[--exitfirst]',
    '[--maxfail, 1]',
    '[--maxfail=2]',
    '[--basetemp=/t]',
    '[-p, "no:tmpdir"]',
    '[-vsx]',
  ])('refuses pytest_extra_args %s', (args) => {
    expect(failure(`${required}pytest_extra_args: {test_a_ci.py: ${args}}\n`).message).toContain(
      'neither end the file early',
    );
  });

  it.each([
    ['a Hugging Face token', 'description: hf_abcdefghijklmnopqrstuvwx'],
    ['a GitHub token', 'description: see ghp_abcdefghijklmnopqrstuvwxyz0123456789'],
    ['a proxy URL with credentials', 'auto_env: {HTTPS_PROXY: "http://me:pass@proxy.example:8080"}'],
    ['a secret variable', 'extra_env: {test_a_ci.py: {HF_TOKEN: anything}}'],
    ['a token below an unknown key', 'nonsense: {deep: [hf_abcdefghijklmnopqrstuvwx]}'],
  ])('refuses %s without printing it', (_what, line) => {
    const error = failure(`${required}${line}\n`);
    expect(error.code).toBe('invalid-input');
    expect(error.message).toMatch(/^models\/nova\/config\.yaml:4:\d+: .*\(not shown\)$/);
    expect(error.message).not.toMatch(/abcdefghijkl|pass@|anything/);
  });

  it('accepts a proxy URL without credentials', () => {
    const { value } = parse(`${required}auto_env: {HTTPS_PROXY: "http://proxy.example:8080"}\n`);
    expect(value.auto_env).toEqual({ HTTPS_PROXY: 'http://proxy.example:8080' });
  });

  it('refuses aliases that expand without bound', () => {
    const levels = Array.from({ length: 8 }, (_, level) => {
      const items = Array.from({ length: 9 }, () => (level === 0 ? 'x' : `*a${level - 1}`));
      return `  - &a${level} [${items.join(', ')}]`;
    });
    expect(failure(`${required}bomb:\n${levels.join('\n')}\n`).message).toContain(
      'aliases expand to more than 100 copies',
    );
  });

  it('refuses an alias to itself', () => {
    expect(failure(`${required}loop: &a [*a]\n`).message).toContain('aliases expand to more than 100 copies');
  });

  it('names the line of a YAML syntax error and of a repeated key', () => {
    expect(failure(`${required}test_globs: [a\n`).message).toMatch(/^models\/nova\/config\.yaml:\d+:\d+: /);
    expect(failure(`${required}name: other\n`).message).toBe(
      'models/nova/config.yaml:4:1: the key name stands twice in one map',
    );
  });

  it('refuses a file that is not a map', () => {
    expect(failure('- a\n').message).toContain('the file: found a list (["a"]); valid: a map of settings');
  });

  it('validates calib keys: metrics, pins, evidence, capabilities, time limits', () => {
    const { value, warnings } = parse(`${required}metrics:
  cer: {pattern: ".*_CER_MAX", worst: max, label: "CER (%)", group: wer, scale: 100, digits: 2, nested: true}
  plain: {worst: min, label: Plain, group: speed, nested: true}
pins: [{package: vllm, match: exact}]
evidence: [{name: graphs, pattern: "cuda graph: True"}]
requires_capabilities: {test_a_ci.py: [CAP_SYS_PTRACE]}
requires_speaker_sim: false
timeout_s_by_test: {test_a_ci.py: 90}
`);
    expect(warnings).toEqual([]);
    expect(value.metrics).toEqual({
      cer: {
        match: ['.*_CER_MAX'],
        worst: 'max',
        label: 'CER (%)',
        group: 'wer',
        scale: 100,
        digits: 2,
        nested: true,
      },
      plain: { worst: 'min', label: 'Plain', group: 'speed', match: [], nested: true },
    });
    expect(value.pins).toEqual([{ package: 'vllm', match: 'exact' }]);
    expect(value.evidence).toEqual([{ name: 'graphs', pattern: 'cuda graph: True', min_count: 1 }]);
    expect(value.requires_capabilities).toEqual({ 'test_a_ci.py': ['CAP_SYS_PTRACE'] });
    expect(value.requires_speaker_sim).toBe(false);
    expect(value.timeout_s_by_test).toEqual({ 'test_a_ci.py': 90 });
  });
});

describe('a name that is too long', () => {
  const long = 'k'.repeat(6_000_000);
  const whole = 'k'.repeat(4096);

  it('of 4 KiB stays whole', () => {
    const { value } = parse(`${required}metric_sources:\n  test_a_ci.py:\n    json_file: ${whole}\n`);
    expect(value.metric_sources['test_a_ci.py']?.json_file).toBe(whole);
  });

  it.each([
    ['a result file', `metric_sources:\n  test_a_ci.py:\n    json_file: ${whole}k\n`, 'json_file'],
    ['a path in bytes', `test_globs: ['${'東'.repeat(1400)}']\n`, 'test_globs.0'],
    ['a metric', `metric_sources:\n  test_a_ci.py:\n    paths:\n      ? ${long}\n      : a\n`, 'paths'],
    ['a test file', `gpus_per_test:\n  ? ${long}.py\n  : 1\n`, 'gpus_per_test'],
    ['an argument', `pytest_extra_args:\n  test_a_ci.py: [${long}]\n`, 'pytest_extra_args'],
  ])('%s is refused in one short line that names it', (_case, yaml, key) => {
    const { message, remedy } = failure(required + yaml);
    expect(message).toContain('valid: a name or path of at most 4096 bytes');
    expect([message.includes(key), message.split('\n').length, message.length < 2000]).toEqual([
      true,
      1,
      true,
    ]);
    expect(remedy).toBe('correct models/nova/config.yaml');
  });
});
