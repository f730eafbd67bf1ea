import { describe, expect, it } from 'vitest';

import { CalibError } from '../../../src/domain/calib-error.ts';
import { parseHostProfile } from '../../../src/domain/catalog/host-profile.ts';
import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';

const required = 'name: m\nhf_datasets: []\n';

/** The message of a config that is refused, one line each; fails when it is accepted. */
function refusal(yaml: string): string[] {
  try {
    parseModelConfig({ file: 'c.yaml', yaml, directoryName: 'm' });
  } catch (error) {
    if (error instanceof CalibError) {
      return error.message.split('\n');
    }
    throw error;
  }
  throw new Error('the config was accepted');
}

function warnings(yaml: string): string[] {
  return parseModelConfig({ file: 'c.yaml', yaml, directoryName: 'm' }).warnings;
}

describe('every problem of a catalog file is told with file, line and column', () => {
  it.each([
    ['an empty file', '', 'c.yaml:1:1: the file: found nothing (the file is empty); valid: a map'],
    ['a file of comments', '# later\n', 'c.yaml:1:1: the file: found nothing (the file is empty)'],
    ['a plain text', 'hello\n', 'c.yaml:1:1: the file: found "hello"; valid: a map'],
    ['a list', '- name: m\n', 'c.yaml:1:1: the file: found a list'],
    ['several documents', `${required}---\nname: n\n`, 'c.yaml:3:1: a second document begins here'],
    ['a repeated key', `${required}auto_env:\n  A: 1\n  A: 2\n`, 'c.yaml:5:3: the key A stands twice'],
    ['a tab', `${required}test_globs:\n\t- a.py\n`, 'c.yaml:4:1: Tabs are not allowed'],
    ['an unclosed list', 'name: m\nhf_datasets: [a\n', 'c.yaml:3:1: '],
    ['an unclosed quote', "name: 'm\n", 'c.yaml:2:1: Missing closing'],
    ['a tag', `${required}description: !!python/name:os x\n`, 'c.yaml:3:14: Unresolved tag'],
    [
      'an alias to nothing',
      `${required}description: *gone\n`,
      'c.yaml:3:14: the alias *gone stands for nothing',
    ],
    [
      'a wrong type in a list',
      'name: m\nhf_datasets:\n  - a\n  - {b: 1}\n',
      'c.yaml:4:5: hf_datasets.1: found a map (b)',
    ],
    [
      'a wrong type deep inside',
      `${required}metric_sources:\n  test_x.py:\n    variants:\n      v: {sample_counts: {total: 3}}\n`,
      'c.yaml:6:34: metric_sources.test_x.py.variants.v.sample_counts.total: found 3 (number)',
    ],
    [
      'a number for a text',
      'name: 3\nhf_datasets: []\n',
      'c.yaml:1:7: name: found 3 (number); valid: a non-empty string',
    ],
    [
      'a fraction of a GPU',
      `${required}gpus_per_test: {test_x.py: 1.5}\n`,
      'c.yaml:3:28: gpus_per_test.test_x.py: found 1.5 (number)',
    ],
    [
      'too many digits',
      `${required}metrics: {a: {worst: min, label: A, group: g, digits: 99}}\n`,
      'c.yaml:3:55: metrics.a.digits: found 99',
    ],
    [
      'a scale of 0',
      `${required}metrics: {a: {worst: min, label: A, group: g, scale: 0}}\n`,
      'c.yaml:3:54: metrics.a.scale: found 0',
    ],
    [
      'a variant that no token could name',
      `${required}metric_sources: {test_x.py: {variants: {"a,b": {}}}}\n`,
      'c.yaml:3:41: metric_sources.test_x.py.variants.a,b: found key a,b',
    ],
  ])('%s', (_what, yaml, start) => {
    expect(refusal(yaml)[0]?.slice(0, start.length)).toBe(start);
  });

  it.each([
    ['auto_env: {PYTEST_ADDOPTS: "-x"}', '3:28: auto_env.PYTEST_ADDOPTS: found "-x"'],
    ['extra_env: {test_x.py: {PATH: /a}}', '3:31: extra_env.test_x.py.PATH: found "/a"'],
    [
      'metric_sources: {test_x.py: {calibration_presets: {p: {extra_env: {CUDA_VISIBLE_DEVICES: 1}}}}}',
      '3:90: metric_sources.test_x.py.calibration_presets.p.extra_env.CUDA_VISIBLE_DEVICES: found "1"',
    ],
  ])('refuses %s now and not hours into a run', (line, problem) => {
    expect(refusal(`${required}${line}\n`)).toEqual([
      `c.yaml:${problem}; valid: a variable that calib does not set itself for every launch`,
    ]);
  });

  it('lets auto_env extend PATH, in front of which calib puts its own part', () => {
    expect(warnings(`${required}auto_env: {PATH: /opt/bin}\n`)).toEqual([]);
  });

  it('does not count a byte-order mark as a column', () => {
    expect(refusal('\uFEFFname: 3\nhf_datasets: []\n')[0]).toMatch(/^c\.yaml:1:7: name/);
  });

  it('keeps CRLF line ends apart from lines', () => {
    expect(refusal('name: m\r\nhf_datasets: 3\r\n')[0]).toMatch(/^c\.yaml:2:14: hf_datasets/);
  });

  it('refuses nested aliases that expand without end', () => {
    const bomb =
      'a: &a [x, x, x]\nb: &b [*a, *a, *a, *a, *a]\nc: &c [*b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c]\n';
    expect(refusal(`${required}${bomb}`)[0]).toMatch(
      /^c\.yaml:\d+:\d+: aliases expand to more than 100 copies/,
    );
  });

  it('tells unknown keys together with a missing key, which one of them may be', () => {
    expect(refusal('nmae: m\nhf_datasets: []\n')).toEqual([
      'c.yaml:1:1: name: found nothing (the key is required); valid: a non-empty string',
      'c.yaml:1:1: nmae: unknown key, ignored; did you mean name?',
    ]);
  });

  it('tells every wrong value of a host profile as well', () => {
    const yaml = 'repo_root: data\nphysical: {hf_hub: 3}\ngpu_count: -1\n';
    expect(() => parseHostProfile({ file: 'h.yaml', yaml })).toThrow(
      /^h\.yaml:1:12: repo_root.*\nh\.yaml:2:20: physical\.hf_hub.*\nh\.yaml:3:12: gpu_count/,
    );
  });
});

describe('unknown keys and names are warnings with the nearest known one', () => {
  it('at every level, in file order, also with nothing below them', () => {
    const yaml = `${required}metrics_sources:\nmetric_sources:\n  test_x.py:\n    path: {}\n    variants: {v: {jsonfile: x}}\n`;
    expect(warnings(yaml)).toEqual([
      'c.yaml:3:1: metrics_sources: unknown key, ignored; did you mean metric_sources?',
      'c.yaml:6:5: metric_sources.test_x.py.path: unknown key, ignored; did you mean paths?',
      'c.yaml:7:20: metric_sources.test_x.py.variants.v.jsonfile: unknown key, ignored; did you mean json_file?',
    ]);
  });

  it('metrics and groups that nothing goes by', () => {
    const yaml = `${required}metric_sources:
  test_x.py:
    paths: {acuracy: a, accuracy: b}
    sample_counts_by_group: {werr: {}}
    variants: {v: {paths: {zzz: a}, expected_samples: {spead: 3}}}
`;
    expect(warnings(yaml)).toEqual([
      'c.yaml:5:13: metric_sources.test_x.py.paths.acuracy: no such metric, ignored; did you mean accuracy?',
      'c.yaml:6:30: metric_sources.test_x.py.sample_counts_by_group.werr: no such group, ignored; did you mean wer?',
      expect.stringMatching(
        /^c\.yaml:7:28: .*paths\.zzz: no such metric, ignored; known: accuracy, corpus_wer/,
      ),
      'c.yaml:7:56: metric_sources.test_x.py.variants.v.expected_samples.spead: no such group, ignored; did you mean speed?',
    ]);
  });

  it('but not metrics and groups that the config itself adds', () => {
    const yaml = `${required}metrics: {cer: {pattern: _CER_MAX, worst: max, label: CER, group: cer}}
metric_sources: {test_x.py: {paths: {cer: a}, sample_counts_by_group: {cer: {}}}}
`;
    expect(warnings(yaml)).toEqual([]);
  });

  it('a metric that could never be found', () => {
    const yaml = `${required}metrics: {cer: {worst: max, label: CER, group: cer}, accuracy: {worst: max, label: A, group: a}}\n`;
    expect(warnings(yaml)).toEqual([
      'c.yaml:3:11: metrics.cer: never found: it has neither a match for constants nor nested: true for speed dicts',
    ]);
  });
});

describe('a config in the style of v0.6.0 loads unchanged', () => {
  it('every key of the original, block style, quoted scalars, comments and empty maps', () => {
    const yaml = `# Notes of many lines.
name: nova
description: "Nova CI (ASR + TTS)"
hf_model_id: "acme/nova"
hf_model_ids_by_test:
  test_nova_ci.py:
    - "acme/nova"
    - "acme/asr"
hf_datasets:
  - "acme/eval"
omni_ci_home: "/ci/calibration"
default_venv_python:
  # First that exists.
  - "/ci/calibration/omni/bin/python"
  - "omni/bin/python"
auto_env:
  HOME: "/ci"
  HF_HUB_DISABLE_XET: "1"
gpus_per_test:
  test_nova_ci.py: 2
test_globs:
  - "tests/test_nova_ci.py"
extra_env: {}
pytest_extra_args:
  test_nova_ci.py:
    - "--concurrency"
    - "16"
stage_base_strip_prefix: "test_"
stage_base_strip_suffix: "_ci"
stage_base_docs_override: "nova_docs"
metric_sources:
  test_nova_ci.py:
    threshold_file: "tests/nova_ci_config.py"
    calibration_presets:
      red:
        extra_env:
          NOVA_MODEL: "red"
        gpus: 2
        constant_filter: "^RED_"
        hf_model_ids:
          - "acme/red"
    variants:
      whole:
        constant_filter: "^RED_(?!STREAM_).*|^BLUE_(?!STREAM_).*"
        json_file: "test_voice0/whole/speed.json"
        sample_counts:
          total: "per_request.__len__"
          ok: "summary.completed_requests"
        sample_counts_by_group:
          wer:
            total: "test_voice0/whole/wer.json::summary.total_samples"
            ok: "test_voice0/whole/wer.json::summary.evaluated"
        paths:
          throughput_qps: "summary.throughput_qps"
          corpus_wer: "test_voice0/whole/wer.json::summary.wer_corpus"
  test_other_ci.py:
    ignored_constants:
      - OLD_WER_MAX_CORPUS
`;
    const { value, warnings: found } = parseModelConfig({ file: 'c.yaml', yaml, directoryName: 'nova' });
    expect(found).toEqual([]);
    expect(value).toMatchObject({
      hf_model_ids_by_test: { 'test_nova_ci.py': ['acme/nova', 'acme/asr'] },
      auto_env: { HOME: '/ci', HF_HUB_DISABLE_XET: '1' },
      extra_env: {},
      pytest_extra_args: { 'test_nova_ci.py': ['--concurrency', '16'] },
    });
    expect(Object.keys(value.metric_sources)).toEqual(['test_nova_ci.py', 'test_other_ci.py']);
  });
});
