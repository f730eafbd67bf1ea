import { describe, expect, it } from 'vitest';

import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import { planRequirements, requiredDatasets, stageNeeds } from '../../../src/domain/precheck/stage-needs.ts';
import { skipRefusal } from '../../../src/domain/precheck/judge-venv.ts';
import { makeStage } from '../audit/snapshot-fixture.ts';
import { makeRequirements } from './requirements-fixture.ts';

function config(more = '') {
  const yaml = `name: nova\nhf_model_id: acme/default\nhf_datasets: []\n${more}`;
  return parseModelConfig({ file: 'config.yaml', yaml, directoryName: 'nova' }).value;
}
const chart = makeStage({ key: 'chart_speed', test: 'tests/test_chart_ci.py', group: 'speed' });
const voice = makeStage({ key: 'voice_similarity', test: 'tests/test_voice_ci.py', group: 'similarity' });

describe('what stages need', () => {
  const byTest =
    'hf_model_ids_by_test: {test_voice_ci.py: [acme/voice]}\ngpus_per_test: {test_voice_ci.py: 4}\n';

  it('requires the models of the selected stages and lists the others', () => {
    const needs = stageNeeds({ config: config(byTest), catalogStages: [chart, voice], selected: [voice] });
    expect([needs.models, needs.gpusNeeded]).toEqual([
      { required: ['acme/voice'], optional: ['acme/default'] },
      4,
    ]);
  });

  it('requires everything that is configured when it stands alone', () => {
    const needs = stageNeeds({ config: config(byTest), catalogStages: [], selected: null });
    expect([needs.models.required, needs.gpusNeeded]).toEqual([['acme/default', 'acme/voice'], 4]);
  });

  it('requires nothing of GPUs, pins, imports and hub where the config says nothing', () => {
    const { value: bare } = parseModelConfig({
      file: 'config.yaml',
      yaml: 'name: nova\n',
      directoryName: 'nova',
    });
    const nothing = { required: [], optional: [] };
    for (const selected of [null, [chart]]) {
      expect(stageNeeds({ config: bare, catalogStages: [chart], selected })).toMatchObject({
        gpusNeeded: 0,
        pins: [],
        imports: [],
        models: nothing,
      });
    }
    expect(bare.hf_datasets).toEqual([]);
  });

  it('requires a capability only if its test is selected (gate 7)', () => {
    const asking = config('requires_capabilities: {test_voice_ci.py: [CAP_SYS_PTRACE]}\n');
    const required = (selected: (typeof chart)[] | null) =>
      stageNeeds({ config: asking, catalogStages: [chart, voice], selected }).capabilities[0]?.required;
    expect([required([chart]), required([voice]), required(null)]).toEqual([false, true, true]);
  });

  it('requires the speaker-similarity assets for similarity stages, or as the config says', () => {
    const required = (more: string, selected: (typeof chart)[]) =>
      stageNeeds({ config: config(more), catalogStages: [], selected }).speakerSimRequired;
    expect([
      required('', [chart]),
      required('', [voice]),
      required('requires_speaker_sim: true\n', [chart]),
      required('requires_speaker_sim: false\n', [voice]),
    ]).toEqual([false, true, true, false]);
  });

  it('imports what the config says, and nothing because of a pin', () => {
    const imports = (more: string) =>
      stageNeeds({ config: config(more), catalogStages: [], selected: null }).imports;
    expect([imports('pins: [{package: sglang, match: exact}]\n'), imports('imports: [jiwer]\n')]).toEqual([
      [],
      ['jiwer'],
    ]);
  });

  it('finds presets without stages, and symbols that two presets claim (gate 0)', () => {
    const presets = config(`metric_sources:
  test_voice_ci.py:
    calibration_presets:
      red: {constant_filter: "^RED_"}
      blue: {constant_filter: "^BLUE_"}
      green: {constant_filter: "^GREEN_"}
`);
    const stages = ['red', 'blue'].map((preset) => ({ ...voice, key: preset, calibration_preset: preset }));
    expect(stageNeeds({ config: presets, catalogStages: stages, selected: null }).preset_problems).toEqual([
      'preset green of test_voice_ci.py has no stage in stages.yaml',
      ...Object.values(voice.metrics).map(
        ({ source }) => `${source} of tests/test_voice_ci.py is claimed by presets red, blue`,
      ),
    ]);
  });
});

describe('datasets', () => {
  const table = { small: 'acme/small', large: 'acme/large' };
  const ask = (
    keys: string[] | null,
    scope: 'configured' | 'stages',
    configured = ['acme/large', 'acme/x'],
  ) => requiredDatasets({ configured, references: [{ test: 't.py', keys }], table, scope });

  it('of selected stages are those that their tests reference, also unlisted ones', () => {
    expect(ask(['small', 'large'], 'stages')).toEqual({
      required: ['acme/large', 'acme/small'],
      optional: ['acme/x'],
      unlisted: ['acme/small'],
      warnings: [],
    });
  });

  it('are all configured ones when the tests reference none or cannot be read', () => {
    expect([ask([], 'stages').required, ask(null, 'stages').required]).toEqual([
      ['acme/large', 'acme/x'],
      ['acme/large', 'acme/x'],
    ]);
  });

  it('standing alone are the configured ones and the referenced ones', () => {
    expect(ask(['small'], 'configured').required).toEqual(['acme/large', 'acme/small', 'acme/x']);
  });

  it('come with a warning for an unknown key', () => {
    expect(ask(['huge'], 'stages').warnings).toEqual([
      't.py uses DATASETS["huge"], a key that benchmarks/dataset/prepare.py does not have',
    ]);
  });
});

describe('skipping the precheck', () => {
  it('is refused while ASR stages are selected', () => {
    expect(skipRefusal(['tests/test_qwen3_asr_ci.py', 'tests/test_tts_ci.py'])).toBe(
      '--skip-precheck is refused while ASR stages are selected (tests/test_qwen3_asr_ci.py)',
    );
  });

  it('is allowed for other stages', () => {
    expect(skipRefusal(['tests/test_tts_ci.py'])).toBeNull();
  });
});

describe('requirements of a plan', () => {
  const unit = {
    namespace: 'u',
    test: 'tests/test_a_ci.py',
    env: {},
    gpus: 2,
    stages: ['a'],
    pytest_args: [],
  };
  const plan = { environment: { HOME: '/h' }, units: [unit] };

  it('are those resolved at the start', () => {
    const requirements = makeRequirements({ imports: ['jiwer'] });
    const precheck = { skip: false, skip_version_check: false, requirements };
    expect(planRequirements({ ...plan, precheck })).toEqual(requirements);
  });

  it('of an older plan are its environment and GPUs, with a warning about the rest', () => {
    const found = planRequirements({ ...plan, precheck: { skip: false, skip_version_check: false } });
    expect([found.gpus.needed, found.environment[0]?.name, found.warnings.length]).toEqual([2, 'HOME', 1]);
  });
});

describe('what a config says of single test files', () => {
  const wants = (text: string, selected: (typeof chart)[] | null) =>
    stageNeeds({ config: config(text), catalogStages: [chart, voice], selected }).speakerSimRequired;

  it('decides for a test whether similarity assets are needed, before the word for the model', () => {
    const byTest = 'requires_speaker_sim_by_test: {test_chart_ci.py: true, test_voice_ci.py: false}\n';
    expect([wants(byTest, [chart]), wants(byTest, [voice]), wants(byTest, null)]).toEqual([
      true,
      false,
      true,
    ]);
    const model = `requires_speaker_sim: true\nrequires_speaker_sim_by_test: {test_voice_ci.py: false}\n`;
    expect([wants(model, [chart]), wants(model, [voice])]).toEqual([true, false]);
    expect([wants('', [chart]), wants('', [voice])]).toEqual([false, true]);
  });

  const datasets = (stated: string[][], keys: string[][]) =>
    requiredDatasets({
      configured: ['acme/all'],
      references: keys.map((one, index) => ({ test: `t${index}.py`, keys: one })),
      table: { one: 'acme/one' },
      scope: 'stages',
      stated,
    }).required;

  it('takes the stated datasets of a test, none included, and looks into the other tests', () => {
    expect(datasets([[]], [])).toEqual([]);
    expect(datasets([['acme/own']], [['one']])).toEqual(['acme/one', 'acme/own']);
    expect(datasets([['acme/own']], [[]])).toEqual(['acme/all', 'acme/own']);
  });
});
