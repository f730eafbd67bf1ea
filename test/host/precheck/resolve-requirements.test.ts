import { describe, expect, it } from 'vitest';

import { openCatalog } from '../../../src/host/catalog/open-catalog.ts';
import { resolveRequirements } from '../../../src/host/precheck/resolve-requirements.ts';
import { makeStage } from '../../domain/audit/snapshot-fixture.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { modelYaml } from '../catalog/model-yaml.ts';

const prepare = 'DATASETS: dict[str, str] = {"large": "acme/large", "small": "acme/small"}\n';
const stage = makeStage({ key: 'voice_speed', test: 'tests/test_voice_ci.py' });

async function world() {
  const catalog = await openCatalog(
    temporaryFolder({
      'models/nova/config.yaml': modelYaml('nova', 'test_globs: ["tests/test_*_ci.py"]\npins: []\n').replace(
        'hf_datasets: []',
        'hf_datasets: [acme/large]',
      ),
      'hosts/lab.yaml': `name: The lab
gpu_model: H20
gpu_count: 2
physical: {hf_hub: /data/hf}
precheck_checklist: {paths: [/data, relative], files: [/data/file], commands: [/bin/x]}
speaker_similarity_bootstrap: {warm_cache: {command: "warm", hf_token: ask}}
handoff: {goal: TTS, run_dirs: [/runs/a]}
`,
    }),
  );
  const repoRoot = temporaryFolder({
    'benchmarks/dataset/prepare.py': prepare,
    'tests/test_voice_ci.py': 'x = DATASETS["small"]\n',
    'tests/test_chart_ci.py': 'y = DATASETS["large"]\n',
  });
  const { config } = await catalog.loadModel('nova');
  const host = await catalog.loadHost('lab');
  return {
    config,
    host,
    hostDeclined: false,
    repoRoot,
    venvCandidates: ['/a', '/b'],
    catalogStages: [stage],
  };
}

describe('what a precheck has to ask', () => {
  it('of selected stages comes from their test files', async () => {
    const found = await resolveRequirements({ ...(await world()), selected: [stage] });
    expect(found).toMatchObject({
      scope: 'stages',
      models: { required: ['acme/nova'] },
      datasets: { required: ['acme/small'], optional: ['acme/large'] },
      unlisted_datasets: ['acme/small'],
      gpus: { needed: 0, model: 'H20', count: 2 },
      venv_candidates: ['/a', '/b'],
    });
  });

  it('standing alone adds what the tests reference, before discovery by the globs', async () => {
    const found = await resolveRequirements({ ...(await world()), catalogStages: [], selected: null });
    expect(found).toMatchObject({
      scope: 'configured',
      datasets: { required: ['acme/large', 'acme/small'], optional: [] },
      gpus: { needed: 0 },
    });
  });

  it("carries the host's paths, hand-over and hints", async () => {
    const { host, speaker_sim, environment } = await resolveRequirements({
      ...(await world()),
      selected: null,
    });
    expect(host).toMatchObject({
      name: 'lab',
      hf_hub: '/data/hf',
      checklist: ['/data', '/data/file'],
      goal: 'TTS',
      run_dirs: ['/runs/a'],
    });
    expect(speaker_sim).toEqual({ required: false, host_command: true, hf_token_hint: 'ask' });
    expect(environment).toContainEqual({ name: 'HF_HOME', value: '/data/hf', source: 'host' });
  });

  it('without a profile says whether one was declined', async () => {
    const found = await resolveRequirements({ ...(await world()), host: null, selected: null });
    expect([found.host, found.host_declined]).toEqual([null, false]);
  });
});
