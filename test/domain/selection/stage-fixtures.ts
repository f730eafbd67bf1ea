import type { StageDefinition } from '../../../src/domain/stages/stage.ts';

/** A stage with only what selection looks at. */
export function stage(
  key: string,
  group: string,
  rest: Partial<Pick<StageDefinition, 'test' | 'variant' | 'calibration_preset' | 'gpus' | 'extra_env'>> = {},
): StageDefinition {
  return {
    key,
    group,
    test: `tests/nova/test_nova_${key.split('_')[0] ?? ''}_ci.py`,
    title: key.toUpperCase(),
    extra_env: {},
    context_vars: [],
    test_file_sha256: 'a'.repeat(64),
    last_discovered_at: '2026-01-01T00:00:00Z',
    metrics: {},
    ...rest,
  };
}

function duet(preset: 'red' | 'blue', variant: 'whole' | 'stream', group: string): StageDefinition {
  return stage(`duet_${preset}_${variant}_${group}`, group, {
    calibration_preset: preset,
    variant,
    gpus: preset === 'red' ? 2 : 1,
    extra_env: { SEED: '7', DUET_VOICE: preset },
  });
}

/** The stages of a file with one preset pair (`duet`) and of one with variants (`voice`) in one model. */
export const nova: StageDefinition[] = [
  duet('red', 'whole', 'wer'),
  duet('red', 'whole', 'similarity'),
  duet('red', 'whole', 'speed'),
  duet('blue', 'whole', 'wer'),
  duet('red', 'stream', 'wer'),
  duet('blue', 'stream', 'speed'),
  ...['wer', 'utmos', 'reliability', 'speed'].map((group) => stage(`voice_${group}`, group)),
];

function tts(preset: string, variant: string, groups: string[]): StageDefinition[] {
  return groups.map((group) =>
    stage(`tts_${preset}_${variant}_${group}`, group, {
      test: 'tests/test_model/test_tts_ci.py',
      calibration_preset: preset,
      variant,
      gpus: 2,
      extra_env: { TTS_CI_MODEL: preset },
    }),
  );
}

const nonstream = ['wer', 'similarity', 'utmos', 'speed'];

/** The 14 stages of the shipped model `tts`. */
export const ttsModel: StageDefinition[] = [
  ...['wer', 'speed'].map((group) =>
    stage(`qwen3_asr_${group}`, group, { test: 'tests/test_model/test_qwen3_asr_ci.py' }),
  ),
  ...tts('higgs', 'nonstream', nonstream),
  ...tts('moss', 'nonstream', nonstream),
  ...tts('higgs', 'stream', ['wer', 'speed']),
  ...tts('moss', 'stream', ['wer', 'speed']),
];
