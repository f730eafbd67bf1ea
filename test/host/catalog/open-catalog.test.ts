import { createHash } from 'node:crypto';
import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { openCatalog, shippedCatalogDir } from '../../../src/host/catalog/open-catalog.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { modelYaml } from './model-yaml.ts';

describe('openCatalog', () => {
  it('knows the folders with a config.yaml and the stems of hosts/*.yaml, sorted', async () => {
    const dir = temporaryFolder({
      'models/zeta/config.yaml': 'broken: [',
      'models/alpha/config.yaml': '',
      'models/no-config/stages.yaml': '',
      'models/README.md': '',
      'hosts/b.yaml': '',
      'hosts/a.yaml': '',
      'hosts/notes.txt': '',
    });
    const catalog = await openCatalog(dir);
    expect([catalog.modelNames, catalog.hostNames]).toEqual([
      ['alpha', 'zeta'],
      ['a', 'b'],
    ]);
  });

  it('has no hosts when there is no hosts folder', async () => {
    const dir = temporaryFolder({ 'models/a/config.yaml': '' });
    expect((await openCatalog(dir)).hostNames).toEqual([]);
  });

  it('refuses a folder without models/', async () => {
    const dir = temporaryFolder({ 'hosts/a.yaml': '' });
    await expect(openCatalog(dir)).rejects.toMatchObject({
      code: 'invalid-input',
      message: `${join(dir, 'models')}: cannot be read, so ${dir} is not a catalog`,
    });
  });

  it('loads a model with its file and hash', async () => {
    const yaml = modelYaml('nova', 'typo: 1\n');
    const dir = temporaryFolder({ 'models/nova/config.yaml': yaml });
    const file = join(dir, 'models/nova/config.yaml');
    const model = await (await openCatalog(dir)).loadModel('nova');
    expect(model).toMatchObject({
      name: 'nova',
      file,
      sha256: createHash('sha256').update(yaml).digest('hex'),
      config: { hf_model_id: 'acme/nova' },
    });
    expect(model.warnings[0]).toContain(`${file}:4:1: typo: unknown key`);
  });

  it('names path, known models and the nearest one for an unknown model', async () => {
    const dir = temporaryFolder({ 'models/nova/config.yaml': '', 'models/tts/config.yaml': '' });
    const catalog = await openCatalog(dir);
    await expect(catalog.loadModel('novva')).rejects.toMatchObject({
      code: 'invalid-input',
      message: `unknown model "novva": no ${join(dir, 'models/novva/config.yaml')}; known models: nova, tts`,
      remedy: 'did you mean nova?',
    });
  });

  it('does not let a model name climb out of the catalog', async () => {
    const dir = temporaryFolder({ 'models/nova/config.yaml': '', 'config.yaml': modelYaml('..') });
    const catalog = await openCatalog(dir);
    await expect(catalog.loadModel('..')).rejects.toThrow('unknown model ".."');
    expect(() => catalog.stagesPath('../..')).toThrow('unknown model "../.."');
  });

  it('lists the known hosts for an unknown host', async () => {
    const dir = temporaryFolder({ 'models/nova/config.yaml': '', 'hosts/box.yaml': '' });
    const catalog = await openCatalog(dir);
    await expect(catalog.loadHost('other')).rejects.toThrow(/unknown host "other": .*; known hosts: box$/);
  });
});

describe('the shipped catalog', () => {
  it('loads without warnings: three models and one host', async () => {
    const catalog = await openCatalog(shippedCatalogDir());
    expect([catalog.modelNames, catalog.hostNames]).toEqual([
      ['qwen3-asr-v1', 'qwen3-omni-v1', 'tts'],
      ['sglang-h20-ci'],
    ]);
    const models = await Promise.all(catalog.modelNames.map((name) => catalog.loadModel(name)));
    const hosts = await Promise.all(catalog.hostNames.map((name) => catalog.loadHost(name)));
    expect([...models, ...hosts].flatMap(({ warnings }) => warnings)).toEqual([]);
  });

  it('gives all models the same CI environment in the same order', async () => {
    const catalog = await openCatalog(shippedCatalogDir());
    const models = await Promise.all(catalog.modelNames.map((name) => catalog.loadModel(name)));
    const names =
      'HOME OMNI_CI_HOME HF_HOME MODELSCOPE_CACHE XDG_CACHE_HOME HF_ENDPOINT HF_HUB_DISABLE_XET ' +
      'HF_HUB_ENABLE_HF_TRANSFER UV_INDEX_URL UV_CACHE_DIR TORCHINDUCTOR_CACHE_DIR ' +
      'FLASHINFER_DISABLE_VERSION_CHECK SEEDTTS_SIM_CACHE_DIR';
    for (const { config } of models) {
      expect(Object.keys(config.auto_env)).toEqual(names.split(' '));
      expect(config.auto_env).toEqual(models[0]?.config.auto_env);
      expect(config.default_venv_python).toEqual(models[0]?.config.default_venv_python);
    }
  });

  it('carries the corrections that make its models startable', async () => {
    const catalog = await openCatalog(shippedCatalogDir());
    const { config: omni } = await catalog.loadModel('qwen3-omni-v1');
    const { config: tts } = await catalog.loadModel('tts');
    const source = (name: string) => omni.metric_sources[`test_qwen3_omni_${name}_ci.py`];
    expect(source('tts')?.ignored_constants).toContain('QWEN3_OMNI_SEEDTTS_RTF_MEAN_MAX');
    expect([source('mmmu')?.expected_samples, source('mmsu')?.expected_samples]).toEqual([50, 2000]);
    expect(tts.hf_datasets).toContain('zhaochenyang20/seed-tts-eval-50-arrow');
    expect(omni.requires_capabilities).toEqual({
      'test_qwen3_omni_videoamme_talker_tp2_ci.py': ['CAP_SYS_PTRACE'],
    });
  });
});
