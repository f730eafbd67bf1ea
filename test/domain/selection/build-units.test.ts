import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { unitSchema } from '../../../src/domain/session/session-plan.ts';
import { buildUnits } from '../../../src/domain/selection/units.ts';
import { selectStages } from '../../../src/domain/selection/select.ts';
import { nova, stage, ttsModel } from './stage-fixtures.ts';

const config = { gpus_per_test: {}, pytest_extra_args: {}, timeout_s_by_test: {} };

describe('buildUnits', () => {
  it('makes one unit of each preset, with its GPUs', () => {
    expect(buildUnits(selectStages(nova, 'duet').stages, config)).toEqual([
      {
        namespace: 'test_nova_duet_ci__red',
        test: 'tests/nova/test_nova_duet_ci.py',
        env: { SEED: '7', DUET_VOICE: 'red' },
        gpus: 2,
        stages: [
          'duet_red_whole_wer',
          'duet_red_whole_similarity',
          'duet_red_whole_speed',
          'duet_red_stream_wer',
        ],
        pytest_args: [],
      },
      {
        namespace: 'test_nova_duet_ci__blue',
        test: 'tests/nova/test_nova_duet_ci.py',
        env: { SEED: '7', DUET_VOICE: 'blue' },
        gpus: 1,
        stages: ['duet_blue_whole_wer', 'duet_blue_stream_speed'],
        pytest_args: [],
      },
    ]);
  });

  it('lets the variants of one preset share a unit, and orders units by their first selected stage', () => {
    const units = buildUnits(selectStages(ttsModel, 'tts_moss_stream,ALL').stages, config);
    expect(units.map(({ namespace, stages }) => [namespace, stages.length])).toEqual([
      ['test_tts_ci__moss', 6],
      ['test_qwen3_asr_ci', 2],
      ['test_tts_ci__higgs', 6],
    ]);
  });

  it('keeps selection order inside a unit', () => {
    const [unit] = buildUnits(selectStages(nova, 'voice_speed,voice_wer').stages, config);
    expect(unit?.stages).toEqual(['voice_speed', 'voice_wer']);
  });

  it('treats environments with the same pairs in another order as one', () => {
    const stages = [
      stage('a_wer', 'wer', { extra_env: { X: '1', Y: '2' } }),
      stage('a_speed', 'speed', { extra_env: { Y: '2', X: '1' } }),
    ];
    expect(buildUnits(stages, config)).toHaveLength(1);
  });

  it('joins the sorted distinct presets of one environment in the namespace', () => {
    const stages = [
      stage('a_b_wer', 'wer', { calibration_preset: 'b' }),
      stage('a_a_wer', 'wer', { calibration_preset: 'a' }),
      stage('a_b_speed', 'speed', { calibration_preset: 'b' }),
    ];
    expect(buildUnits(stages, config).map(({ namespace }) => namespace)).toEqual(['test_nova_a_ci__a_b']);
  });

  it('tells apart units of one name by a hash of path and environment', () => {
    const stages = [
      stage('a_wer', 'wer', { test: 'x/test_a_ci.py' }),
      stage('a_speed', 'speed', { test: 'y/test_a_ci.py' }),
      stage('a_utmos', 'utmos', { test: 'y/test_a_ci.py', extra_env: { M: '1' } }),
    ];
    const namespaces = buildUnits(stages, config).map(({ namespace }) => namespace);
    expect(new Set(namespaces).size).toBe(3);
    expect(namespaces.every((name) => /^test_a_ci_[0-9a-f]{8}$/.test(name))).toBe(true);
  });

  it('takes extra pytest arguments and the time limit by test file', () => {
    const [unit] = buildUnits(selectStages(nova, 'voice_wer').stages, {
      gpus_per_test: { 'test_nova_voice_ci.py': 0 },
      pytest_extra_args: { 'test_nova_voice_ci.py': ['--concurrency', '16'] },
      timeout_s_by_test: { 'test_nova_voice_ci.py': 900 },
    });
    expect(unit).toMatchObject({ gpus: 0, pytest_args: ['--concurrency', '16'], timeout_s: 900 });
  });

  const stages = fc.uniqueArray(
    fc
      .record({
        group: fc.constantFrom('wer', 'speed', 'utmos'),
        test: fc.constantFrom('x/test_a_ci.py', 'y/test_a_ci.py', 'x/test_b_ci.py'),
        preset: fc.constantFrom(undefined, 'p', 'q'),
        env: fc.dictionary(fc.constantFrom('A', 'B'), fc.constantFrom('1', '2')),
        gpus: fc.constantFrom(undefined, 0, 1, 4),
        number: fc.nat(999),
      })
      .map(({ group, test, preset, env, gpus, number }) =>
        stage(`s${number}_${group}`, group, {
          test,
          extra_env: env,
          ...(preset === undefined ? {} : { calibration_preset: preset }),
          ...(gpus === undefined ? {} : { gpus }),
        }),
      ),
    { selector: ({ key }) => key, maxLength: 12 },
  );

  it('puts each stage into exactly one unit, under a namespace of its own', () => {
    fc.assert(
      fc.property(stages, (selected) => {
        const units = buildUnits(selected, config);
        expect(units.flatMap((unit) => unit.stages).sort()).toEqual(selected.map(({ key }) => key).sort());
        expect(new Set(units.map(({ namespace }) => namespace)).size).toBe(units.length);
        expect(units.every((unit) => unitSchema.safeParse(unit).success)).toBe(true);
      }),
    );
  });

  it('orders units by the first selected stage of each', () => {
    fc.assert(
      fc.property(stages, (selected) => {
        const order = selected.map(({ key }) => key);
        const firsts = buildUnits(selected, config).map((unit) => order.indexOf(unit.stages[0] ?? ''));
        expect(firsts).toEqual([...firsts].sort((left, right) => left - right));
      }),
    );
  });
});
