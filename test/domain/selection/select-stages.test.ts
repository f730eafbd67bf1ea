import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { CalibError } from '../../../src/domain/calib-error.ts';
import { selectStages, stagesByAlias, stagesByGroup } from '../../../src/domain/selection/select.ts';
import { nova, stage, ttsModel } from './stage-fixtures.ts';

const keys = (raw: string, stages = nova) => selectStages(stages, raw).stages.map(({ key }) => key);

function failure(raw: string): CalibError {
  try {
    selectStages(nova, raw);
  } catch (error) {
    if (error instanceof CalibError) {
      return error;
    }
    throw error;
  }
  throw new Error('the selection was accepted');
}

describe('selectStages', () => {
  it('selects one preset by its alias', () => {
    expect(keys('duet_red')).toEqual([
      'duet_red_whole_wer',
      'duet_red_whole_similarity',
      'duet_red_whole_speed',
      'duet_red_stream_wer',
    ]);
  });

  it('keeps token order, within a token catalog order, and takes each stage once', () => {
    expect(keys('@wer,voice')).toEqual([
      'duet_red_whole_wer',
      'duet_blue_whole_wer',
      'duet_red_stream_wer',
      'voice_wer',
      'voice_utmos',
      'voice_reliability',
      'voice_speed',
    ]);
  });

  it('selects one mode of all presets, which v0.6.0 rejects', () => {
    expect(keys('duet_stream')).toEqual(['duet_red_stream_wer', 'duet_blue_stream_speed']);
  });

  it.each(['ALL', 'all', ' All '])('selects everything in catalog order for %j', (raw) => {
    expect(keys(raw)).toEqual(nova.map(({ key }) => key));
  });

  it('accepts ALL inside a list, after what is named first', () => {
    const all = nova.map(({ key }) => key).filter((key) => key !== 'voice_speed');
    expect(keys('voice_speed,all')).toEqual(['voice_speed', ...all]);
  });

  it('drops blanks and empty tokens', () => {
    expect(keys(' voice_wer , ,, voice_speed,')).toEqual(['voice_wer', 'voice_speed']);
  });

  it('prefers a stage key over an alias of the same name', () => {
    const stages = [stage('a_b', 'b'), stage('a_b_speed', 'speed')];
    expect(keys('a_b', stages)).toEqual(['a_b']);
  });

  it('always contains every preset in ALL and in the base', () => {
    const presets = (raw: string) =>
      new Set(selectStages(ttsModel, raw).stages.flatMap(({ calibration_preset: preset }) => preset ?? []));
    expect([presets('ALL'), presets('tts')]).toEqual([
      new Set(['higgs', 'moss']),
      new Set(['higgs', 'moss']),
    ]);
  });

  it('says what the tokens were expanded to', () => {
    expect(selectStages(nova, 'duet_stream').expansionLine).toBe(
      "expanded --stages 'duet_stream' → 2 stage(s): duet_red_stream_wer, duet_blue_stream_speed",
    );
  });

  it('says nothing when the tokens were the stage keys themselves', () => {
    expect(selectStages(nova, 'voice_speed,voice_wer,voice_speed').expansionLine).toBeNull();
  });

  it('rejects the whole selection for an unknown token, listing keys, bases and groups sorted', () => {
    const error = failure('voice,nope,@zzz');
    expect(error.code).toBe('invalid-input');
    expect(error.message.split('\n')).toEqual([
      "unknown stage token(s): ['nope', '@zzz']",
      '  stages: duet_blue_stream_speed, duet_blue_whole_wer, duet_red_stream_wer, duet_red_whole_similarity, ' +
        'duet_red_whole_speed, duet_red_whole_wer, voice_reliability, voice_speed, voice_utmos, voice_wer',
      '  bases: duet, duet_blue, duet_blue_stream, duet_blue_whole, duet_red, duet_red_stream, duet_red_whole, ' +
        'duet_stream, duet_whole, voice',
      '  groups: @reliability, @similarity, @speed, @utmos, @wer',
    ]);
  });

  it('suggests the nearest name for an unknown token', () => {
    expect(failure('voise,@spede').remedy).toBe(
      'did you mean voice instead of voise, @speed instead of @spede?',
    );
  });

  it.each(['', ' , ,'])('refuses the empty selection %j', (raw) => {
    expect(failure(raw).message).toBe(`empty selection: --stages '${raw}' names no stage`);
  });

  it('refuses ALL of a model without stages', () => {
    expect(() => selectStages([], 'ALL')).toThrow('the catalog has no stages');
  });

  const known = [
    'ALL',
    ...ttsModel.map(({ key }) => key),
    ...stagesByAlias(ttsModel).keys(),
    ...[...stagesByGroup(ttsModel).keys()].map((group) => `@${group}`),
  ];
  const tokens = fc.array(fc.constantFrom(...known), { minLength: 1, maxLength: 6 });

  it('never repeats a stage, whatever known tokens are combined', () => {
    fc.assert(
      fc.property(tokens, (list) => {
        const selected = keys(list.join(','), ttsModel);
        expect(new Set(selected).size).toBe(selected.length);
      }),
    );
  });

  it('selects the union of what each token selects, whatever their order', () => {
    fc.assert(
      fc.property(tokens, (list) => {
        const union = new Set(list.flatMap((token) => keys(token, ttsModel)));
        expect(new Set(keys(list.join(','), ttsModel))).toEqual(union);
        expect(new Set(keys([...list].reverse().join(','), ttsModel))).toEqual(union);
      }),
    );
  });

  it('selects the same again when given its own keys, without an expansion line', () => {
    fc.assert(
      fc.property(tokens, (list) => {
        const first = keys(list.join(','), ttsModel);
        const again = selectStages(ttsModel, first.join(','));
        expect(again.stages.map(({ key }) => key)).toEqual(first);
        expect(again.expansionLine).toBeNull();
      }),
    );
  });
});
