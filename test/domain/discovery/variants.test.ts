import { describe, expect, test } from 'vitest';

import { parseStagesYaml, renderStagesYaml } from '../../../src/domain/stages/stages-yaml.ts';
import { discoverText } from './discover-texts.ts';

const text = `EN_SAMPLES = 1088
ZH_SAMPLES = 2020
MAX_NEW_TOKENS = 64
EN_CORPUS_WER_MAX = 0.01
ZH_CORPUS_WER_MAX = 0.02
def test_all(router):
    run(max_samples=EN_SAMPLES, max_new_tokens=MAX_NEW_TOKENS)
    run(max_samples=ZH_SAMPLES)
`;

const config = `metric_sources:
  test_x_ci.py:
    observation_validity: "check.json::valid"
    variants:
      en:
        constant_filter: "^EN_"
        stage_base_override: english
        omit_variant_suffix: true
        context_vars: [MAX_NEW_TOKENS, EN_SAMPLES]
        json_file: en.json
        sample_counts: {total: n, ok: done}
        paths: {corpus_wer: wer}
        allowed_pytest_failure: threshold_failed
      zh:
        constant_filter: "^ZH_"
        context_vars: [ZH_SAMPLES]
        json_file: zh.json
        sample_counts: {total: n, ok: done}
        paths: {corpus_wer: wer}
`;

describe('variants of one test file', () => {
  const { stages, counts } = discoverText(text, config);

  test('have the scope that their own context variables give, although the file binds two', () => {
    expect(counts).toEqual({ ok: 2, needsConfig: 0, ambiguous: 0, blocked: 0 });
    expect(stages.map(({ expected_samples }) => expected_samples)).toEqual([1088, 2020]);
    expect(stages.map(({ context_vars }) => context_vars)).toEqual([
      ['MAX_NEW_TOKENS', 'EN_SAMPLES'],
      ['ZH_SAMPLES'],
    ]);
  });

  test('may name their stages themselves, with or without the name of the variant', () => {
    expect(stages.map(({ key, title, variant }) => [key, title, variant])).toEqual([
      ['english_wer', 'ENGLISH Wer', undefined],
      ['x_zh_wer', 'X ZH Wer', 'zh'],
    ]);
  });

  test('read the booleans of validity from the file that is named, or from their own result file', () => {
    const valid = { json_file: 'check.json', json_path: 'valid' };
    expect(stages[0]).toMatchObject({
      observation_validity: valid,
      allowed_pytest_failure: { json_file: 'en.json', json_path: 'threshold_failed' },
    });
    expect(stages[1]).toMatchObject({ observation_validity: valid });
    expect(stages[1]).not.toHaveProperty('allowed_pytest_failure');
  });

  test('are written and read back as they are', () => {
    expect(parseStagesYaml(renderStagesYaml(stages), 'stages.yaml')).toEqual(stages);
  });
});
