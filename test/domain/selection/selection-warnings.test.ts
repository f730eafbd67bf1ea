import { describe, expect, it } from 'vitest';

import {
  missingAsrWarning,
  presetsWithoutStages,
  selectStages,
  wholeFileWarnings,
} from '../../../src/domain/selection/select.ts';
import { nova, ttsModel } from './stage-fixtures.ts';

const pick = (raw: string, stages = ttsModel) => selectStages(stages, raw).stages;

describe('wholeFileWarnings', () => {
  it('names the stages of the same unit that run without being recorded', () => {
    expect(wholeFileWarnings(nova, pick('duet_blue_whole,voice', nova))).toEqual([
      'test_nova_duet_ci__blue runs the whole of tests/nova/test_nova_duet_ci.py: ' +
        'duet_blue_stream_speed will run without being recorded',
    ]);
  });

  it('says nothing when whole units are selected', () => {
    expect(wholeFileWarnings(ttsModel, pick('tts_moss'))).toEqual([]);
  });
});

describe('missingAsrWarning', () => {
  it('warns about TTS stages without the ASR stages of the model', () => {
    expect(missingAsrWarning(ttsModel, pick('tts'))).toBe(
      'the selection has TTS stages but no ASR stage of the same model; ' +
        'a full TTS calibration includes qwen3_asr_wer, qwen3_asr_speed',
    );
  });

  it.each(['ALL', 'qwen3_asr', 'tts_moss,qwen3_asr_wer'])('has nothing to say about %s', (raw) => {
    expect(missingAsrWarning(ttsModel, pick(raw))).toBeNull();
  });

  it('has nothing to say about a model without ASR stages', () => {
    const withoutAsr = ttsModel.slice(2);
    expect(missingAsrWarning(withoutAsr, pick('tts', withoutAsr))).toBeNull();
  });
});

describe('presetsWithoutStages', () => {
  it('finds a configured preset that has no stage', () => {
    const config = {
      metric_sources: { 'test_tts_ci.py': { calibration_presets: { higgs: {}, moss: {}, fish: {} } } },
    };
    expect(presetsWithoutStages(ttsModel, config)).toEqual([{ test: 'test_tts_ci.py', preset: 'fish' }]);
  });
});
