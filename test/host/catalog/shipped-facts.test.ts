import { beforeAll, describe, expect, test } from 'vitest';

import { buildCatalogEnvironment, environmentRecord } from '../../../src/domain/catalog/environment.ts';
import { allModelIds } from '../../../src/domain/catalog/model-config.ts';
import { stageNeeds } from '../../../src/domain/precheck/stage-needs.ts';
import { type Catalog, openCatalog, shippedCatalogDir } from '../../../src/host/catalog/open-catalog.ts';
import { buildPytestEnvironment } from '../../../src/host/pytest/launch-command.ts';

const asr = 'Qwen/Qwen3-ASR-1.7B';
const omni = 'Qwen/Qwen3-Omni-30B-A3B-Instruct';
const higgs = 'boson-sglang/higgs-audio-v3-TTS-4B-grpo05200410999';
const moss = 'OpenMOSS-Team/MOSS-TTS-Local-Transformer-v1.5';
const datasets = (...names: string[]) => names.map((name) => `zhaochenyang20/${name}`);

let catalog: Catalog;

beforeAll(async () => {
  catalog = await openCatalog(shippedCatalogDir());
});

describe('the facts of the shipped models', () => {
  test('qwen3-omni-v1', async () => {
    const { config } = await catalog.loadModel('qwen3-omni-v1');
    const talkers = ['tts', 'mmmu_talker', 'mmsu_talker', 'videomme_talker', 'videoamme_talker'];
    expect(config).toMatchObject({
      hf_model_id: omni,
      hf_model_ids_by_test: {
        ...Object.fromEntries(talkers.map((name) => [`test_qwen3_omni_${name}_ci.py`, [omni, asr]])),
        'test_qwen3_omni_videoamme_talker_tp2_ci.py': ['marksverdhei/Qwen3-Omni-30B-A3B-FP8', asr],
      },
      hf_datasets: datasets(
        'mmsu-ci-2000',
        'mmmu-ci-50',
        'seed-tts-eval-50-arrow',
        'Video_MME_ci',
        'Video_AMME_ci',
      ),
      test_globs: ['tests/test_model/test_qwen3_omni_*_ci.py'],
      stage_base_strip_prefix: 'test_qwen3_omni_',
      stage_base_strip_suffix: '_ci',
      extra_env: {
        'test_qwen3_omni_videoamme_talker_tp2_ci.py': { PYTORCH_ALLOC_CONF: 'expandable_segments:True' },
      },
    });
    expect(Object.values(config.gpus_per_test)).toEqual(Array.from({ length: 10 }, () => 2));
  });

  test('each states what it needs of the interpreter: nothing of that is a default', async () => {
    for (const name of ['qwen3-omni-v1', 'qwen3-asr-v1', 'tts']) {
      const { config } = await catalog.loadModel(name);
      expect(config).toMatchObject({
        pins: [
          { package: 'sglang', match: 'exact' },
          { package: 'torch', match: 'release' },
        ],
        imports: ['torch', 'sglang', 'flashinfer', 'sglang_omni'],
      });
      const tests = [...Object.keys(config.metric_sources), ...Object.keys(config.hf_model_ids_by_test)];
      for (const test of tests) expect(config.gpus_per_test[test], `${name} ${test}`).toBe(2);
    }
  });

  test('each looks for CUDA graphs in the logs, as the runtime reports them', async () => {
    for (const name of ['qwen3-omni-v1', 'qwen3-asr-v1', 'tts']) {
      const { evidence } = (await catalog.loadModel(name)).config;
      const pattern = new RegExp(evidence[0]?.pattern ?? 'no pattern');
      expect(evidence).toMatchObject([{ name: 'CUDA graphs', min_count: 1 }]);
      expect('[01:02:03] Capture cuda graph end. Time elapsed: 5.1 s.').toMatch(pattern);
      expect('Decode batch, #running-req: 1, cuda graph: True, gen throughput (token/s): 61').toMatch(
        pattern,
      );
      expect('Decode batch, #running-req: 1, cuda graph: False, gen throughput (token/s): 9').not.toMatch(
        pattern,
      );
      expect('Capture cuda graph begin. This can take several minutes.').not.toMatch(pattern);
    }
  });

  test('qwen3-omni-v1 needs the speaker-similarity assets, though none of its stages is about similarity', async () => {
    const { config } = await catalog.loadModel('qwen3-omni-v1');
    expect(stageNeeds({ config, catalogStages: [], selected: null }).speakerSimRequired).toBe(true);
  });

  test('qwen3-asr-v1', async () => {
    const { config } = await catalog.loadModel('qwen3-asr-v1');
    expect(config).toMatchObject({
      hf_model_id: asr,
      hf_datasets: datasets('seed-tts-eval-arrow'),
      test_globs: ['tests/test_model/test_qwen3_asr_ci.py'],
      gpus_per_test: { 'test_qwen3_asr_ci.py': 2 },
      stage_base_strip_prefix: 'test_',
    });
  });

  test('tts: ASR first, both presets, the second dataset', async () => {
    const { config } = await catalog.loadModel('tts');
    expect(allModelIds(config)).toEqual([higgs, asr, moss]);
    expect(config).toMatchObject({
      hf_datasets: datasets('seed-tts-eval-arrow', 'seed-tts-eval-50-arrow'),
      test_globs: ['tests/test_model/test_qwen3_asr_ci.py', 'tests/test_model/test_tts_ci.py'],
      stage_base_docs_override: 'tts_docs',
      gpus_per_test: { 'test_qwen3_asr_ci.py': 2, 'test_tts_ci.py': 2 },
      pytest_extra_args: { 'test_tts_ci.py': ['--concurrency', '16'] },
    });
    const presets = config.metric_sources['test_tts_ci.py']?.calibration_presets;
    expect(presets).toMatchObject({
      higgs: { extra_env: { TTS_CI_MODEL: 'higgs' }, gpus: 2, hf_model_ids: [higgs, asr] },
      moss: { extra_env: { TTS_CI_MODEL: 'moss' }, gpus: 2, hf_model_ids: [moss, asr] },
    });
  });
});

test('the shipped host profile has the paths of the reference host and no secret', async () => {
  const { profile } = await catalog.loadHost('sglang-h20-ci');
  expect(profile).toMatchObject({
    repo_root: '/data/chenyang/sglang-omni',
    venv_python: '/data/chenyang/.python/omni/bin/python',
    physical: {
      hf_hub: '/root/.cache/huggingface',
      speaker_sim: '/root/.cache/huggingface/speaker_sim',
      omni_ci_home: '/github/home/calibration',
    },
    agent_policy: { env_check: 'report_missing_first', poll_interval_max_s: 120 },
  });
});

test("the CI environment is the catalog's, whatever stale exports the calling shell has", async () => {
  const { config } = await catalog.loadModel('tts');
  const env = buildPytestEnvironment({
    base: { TORCHINDUCTOR_CACHE_DIR: '/.torchinductor', HOME: '/root', XDG_CACHE_HOME: '/tmp' },
    catalogEnvironment: environmentRecord(buildCatalogEnvironment(config, null)),
    unitEnv: {},
    repoRoot: '/repo',
    venvPython: '/venv/bin/python',
    gpuIndices: [0],
    mark: { session: 's', namespace: 'n', repeat: 1, attempt: 1, token: 't' },
  });
  expect(env).toMatchObject(config.auto_env);
});
