import { describe, expect, it } from 'vitest';

import { shadowedAliases, stageAliases, stagesByAlias } from '../../../src/domain/selection/select.ts';
import { stage, ttsModel } from './stage-fixtures.ts';

describe('stageAliases', () => {
  it('strips the group, then the variant, then the preset, and adds base with variant', () => {
    const moss = stage('tts_moss_nonstream_speed', 'speed', {
      calibration_preset: 'moss',
      variant: 'nonstream',
    });
    expect(stageAliases(moss)).toEqual(['tts_moss_nonstream', 'tts_moss', 'tts', 'tts_nonstream']);
  });

  it('gives only the base to a plain stage', () => {
    expect(stageAliases(stage('mmmu_talker_wer', 'wer'))).toEqual(['mmmu_talker']);
  });

  it('gives the base with and without a preset that has no variant', () => {
    expect(stageAliases(stage('x_a_speed', 'speed', { calibration_preset: 'a' }))).toEqual(['x_a', 'x']);
  });

  it('gives the base with and without a variant that has no preset', () => {
    expect(stageAliases(stage('x_v_speed', 'speed', { variant: 'v' }))).toEqual(['x_v', 'x']);
  });

  it('keeps a docs stage, whose key does not end with its group, whole', () => {
    expect(stageAliases(stage('tts_docs_smoke', 'docs'))).toEqual(['tts_docs_smoke']);
  });

  it('names every alias of the tts model', () => {
    expect([...stagesByAlias(ttsModel)].map(([alias, stages]) => [alias, stages.length])).toEqual([
      ['qwen3_asr', 2],
      ['tts', 12],
      ['tts_higgs', 6],
      ['tts_higgs_nonstream', 4],
      ['tts_higgs_stream', 2],
      ['tts_moss', 6],
      ['tts_moss_nonstream', 4],
      ['tts_moss_stream', 2],
      ['tts_nonstream', 8],
      ['tts_stream', 4],
    ]);
  });

  it('finds an alias that a stage key of the same name shadows', () => {
    const stages = [stage('a_b', 'b'), stage('a_b_speed', 'speed'), stage('c_wer', 'wer')];
    expect(shadowedAliases(stages)).toEqual(['a_b']);
  });
});
