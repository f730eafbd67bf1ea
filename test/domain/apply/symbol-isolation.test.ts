import { describe, expect, test } from 'vitest';

import { symbolObstacle } from '../../../src/domain/apply/shared-literals.ts';
import { modelConfigSchema } from '../../../src/domain/catalog/model-config.ts';

const config = modelConfigSchema.parse({
  name: 'tts',
  hf_model_id: 'acme/tts',
  hf_datasets: [],
  metric_sources: {
    'test_tts_ci.py': {
      ignored_constants: ['RED_OLD_MIN_ACCURACY'],
      fixed_constants: ['RED_CAP_MAX'],
      calibration_presets: { red: { constant_filter: '^RED_' }, plain: {} },
      variants: { stream: { constant_filter: '^RED_STREAM_' } },
    },
  },
});

function obstacle(
  source: string,
  stage: { calibration_preset?: string; variant?: string; test?: string } = { calibration_preset: 'red' },
): string | null {
  return symbolObstacle({ stage: { test: 'tests/test_tts_ci.py', ...stage }, source, config });
}

describe('a stage writes only symbols of its own', () => {
  test.each([
    ["its preset's", 'RED_WER_MAX_CORPUS', { calibration_preset: 'red' }],
    ["its preset's, underscores in front", "_RED_P95['rtf_mean']", { calibration_preset: 'red' }],
    ['anything, where the preset has no filter', 'BLUE_X', { calibration_preset: 'plain' }],
    ["its preset's and variant's", 'RED_STREAM_X', { calibration_preset: 'red', variant: 'stream' }],
    ['anything, without preset and variant', 'BLUE_X', {}],
    ['anything, of a test without an entry', 'BLUE_X', { test: 'tests/test_other_ci.py' }],
  ])('%s: %s', (_what, source, stage) => {
    expect(obstacle(source, stage)).toBeNull();
  });

  test.each([
    ["another preset's", 'BLUE_X', undefined, 'BLUE_X does not belong to preset red (constant_filter ^RED_)'],
    [
      "another variant's",
      'RED_X',
      { calibration_preset: 'red', variant: 'stream' },
      'RED_X does not belong to variant stream (constant_filter ^RED_STREAM_)',
    ],
    [
      'of a preset that is gone',
      'RED_X',
      { calibration_preset: 'green' },
      'the config knows no preset green any more',
    ],
    [
      'ignored',
      'RED_OLD_MIN_ACCURACY',
      undefined,
      "RED_OLD_MIN_ACCURACY is in the config's ignored_constants",
    ],
    ['fixed', 'RED_CAP_MAX', undefined, "RED_CAP_MAX is in the config's fixed_constants"],
    [
      'the sample scope',
      'SEEDTTS_EN_FULLSET_SAMPLES',
      {},
      'SEEDTTS_EN_FULLSET_SAMPLES defines the sample scope',
    ],
  ])('not one that is %s', (_what, source, stage, expected) => {
    expect(obstacle(source, stage)).toBe(expected);
  });
});
