import { describe, expect, it } from 'vitest';

import {
  listStages,
  renderStageChoices,
  renderStagesList,
} from '../../../src/domain/selection/render-stages-list.ts';
import { nova, stage } from './stage-fixtures.ts';

const small = [
  stage('voice_wer', 'wer'),
  stage('duet_red_wer', 'wer', { calibration_preset: 'red', gpus: 2 }),
  stage('docs_smoke', ''),
  stage('voice_accuracy', 'accuracy'),
];

describe('renderStagesList', () => {
  it('prints sorted bases with their stages in catalog order, then sorted groups', () => {
    expect(renderStagesList(small)).toBe(`bases:
  docs_smoke  (tests/nova/test_nova_docs_ci.py)
    docs_smoke  []
  duet  (tests/nova/test_nova_duet_ci.py)
    duet_red_wer  [wer, preset=red, gpus=2]
  duet_red  (tests/nova/test_nova_duet_ci.py)
    duet_red_wer  [wer, preset=red, gpus=2]
  voice  (tests/nova/test_nova_voice_ci.py)
    voice_wer  [wer]
    voice_accuracy  [accuracy]
groups:
  @accuracy (1): voice_accuracy
  @wer (2): duet_red_wer, voice_wer`);
  });
});

describe('listStages', () => {
  it('adds aliases and unit namespace to all fields of a stage', () => {
    expect(listStages(nova)[5]).toEqual({
      ...nova[5],
      aliases: ['duet_blue_stream', 'duet_blue', 'duet', 'duet_stream'],
      namespace: 'test_nova_duet_ci__blue',
    });
  });
});

describe('renderStageChoices', () => {
  it('offers ALL, every base with test path and groups, then the groups', () => {
    expect(renderStageChoices(small)).toEqual([
      'ALL (every stage)',
      'docs_smoke  (tests/nova/test_nova_docs_ci.py)',
      'duet  (tests/nova/test_nova_duet_ci.py: wer)',
      'duet_red  (tests/nova/test_nova_duet_ci.py: wer)',
      'voice  (tests/nova/test_nova_voice_ci.py: wer + acc)',
      '@accuracy',
      '@wer',
    ]);
  });
});
