import { describe, expect, it } from 'vitest';

import {
  buildCatalogEnvironment,
  checkCatalogEnvironment,
  environmentRecord,
} from '../../../src/domain/catalog/environment.ts';

const spelledOut = {
  auto_env: {
    HOME: '/github/home',
    OMNI_CI_HOME: '/ci',
    HF_HOME: '/ci/hf',
    XDG_CACHE_HOME: '/ci/.cache',
    TORCHINDUCTOR_CACHE_DIR: '/ci/.torchinductor',
  },
  omni_ci_home: '/ci',
};

describe('buildCatalogEnvironment', () => {
  it('takes the config alone in config order', () => {
    expect(buildCatalogEnvironment({ auto_env: { B: '1', A: '2' } }, null)).toEqual([
      { name: 'B', value: '1', source: 'config' },
      { name: 'A', value: '2', source: 'config' },
    ]);
  });

  it('derives the slice variables that the config leaves out', () => {
    const entries = buildCatalogEnvironment(
      { auto_env: { XDG_CACHE_HOME: '/own' }, omni_ci_home: '/ci/' },
      null,
    );
    expect(entries).toEqual([
      { name: 'XDG_CACHE_HOME', value: '/own', source: 'config' },
      { name: 'OMNI_CI_HOME', value: '/ci', source: 'derived' },
      { name: 'TORCHINDUCTOR_CACHE_DIR', value: '/ci/.torchinductor', source: 'derived' },
    ]);
  });

  it("lets the host's hf_hub and speaker_sim override and says so", () => {
    const host = { physical: { hf_hub: '/data/hf', speaker_sim: '/data/sim' } };
    expect(buildCatalogEnvironment({ auto_env: { HF_HOME: '/ci/hf', Z: '1' } }, host)).toEqual([
      { name: 'HF_HOME', value: '/data/hf', source: 'host' },
      { name: 'Z', value: '1', source: 'config' },
      { name: 'SEEDTTS_SIM_CACHE_DIR', value: '/data/sim', source: 'host' },
    ]);
  });

  it("re-derives all three slice variables from the host's omni_ci_home although auto_env spells them out", () => {
    const entries = buildCatalogEnvironment(spelledOut, { physical: { omni_ci_home: '/slice' } });
    expect(entries.map(({ name, value, source }) => `${name}=${value} ${source}`)).toEqual([
      'HOME=/github/home config',
      'OMNI_CI_HOME=/slice host',
      'HF_HOME=/ci/hf config',
      'XDG_CACHE_HOME=/slice/.cache derived',
      'TORCHINDUCTOR_CACHE_DIR=/slice/.torchinductor derived',
    ]);
  });

  it('never touches the environment of the tool itself', () => {
    const before = { ...process.env };
    environmentRecord(buildCatalogEnvironment(spelledOut, null));
    expect(process.env).toEqual(before);
  });
});

describe('checkCatalogEnvironment', () => {
  const check = (env: Record<string, string>, host: { physical: { hf_hub?: string } } | null = null) =>
    checkCatalogEnvironment(buildCatalogEnvironment({ auto_env: env }, null), host).map(({ name }) => name);

  it('is content with the derived environment', () => {
    expect(checkCatalogEnvironment(buildCatalogEnvironment(spelledOut, null), null)).toEqual([]);
  });

  it.each(['/.torchinductor', '/ci/../.torchinductor', '/cix/t', '/ci', 'ci/t'])(
    'finds the inductor cache %s outside the slice',
    (path) => {
      expect(check({ OMNI_CI_HOME: '/ci', TORCHINDUCTOR_CACHE_DIR: path })).toEqual([
        'TORCHINDUCTOR_CACHE_DIR',
      ]);
    },
  );

  it('finds XDG_CACHE_HOME outside the slice', () => {
    expect(check({ OMNI_CI_HOME: '/ci', XDG_CACHE_HOME: '/elsewhere/.cache' })).toEqual(['XDG_CACHE_HOME']);
  });

  it('finds a relative HOME', () => {
    expect(check({ HOME: 'home' })).toEqual(['HOME']);
  });

  it("finds an HF_HOME that is not the active host's", () => {
    expect(check({ HF_HOME: '/a' }, { physical: { hf_hub: '/b' } })).toEqual(['HF_HOME']);
  });
});
