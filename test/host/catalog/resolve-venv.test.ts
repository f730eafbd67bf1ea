import { join } from 'node:path';

import { describe, expect, it } from 'vitest';

import { parseModelConfig } from '../../../src/domain/catalog/model-config.ts';
import type { LoadedHost, LoadedModel } from '../../../src/host/catalog/open-catalog.ts';
import { resolveVenv } from '../../../src/host/catalog/resolve.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';
import { modelYaml } from './model-yaml.ts';

const host: LoadedHost = {
  name: 'box',
  file: '/catalog/hosts/box.yaml',
  sha256: '',
  profile: { physical: {}, venv_python: '/host/python' },
  warnings: [],
};

function modelWith(more: string): LoadedModel {
  const yaml = modelYaml('nova', more);
  const { value } = parseModelConfig({ file: 'config.yaml', yaml, directoryName: 'nova' });
  return { name: 'nova', file: 'config.yaml', sha256: '', config: value, warnings: [] };
}

const base = { flag: undefined, env: {}, host: null, model: null, cwd: '/cwd', repoRoot: '/repo' };

describe('resolveVenv', () => {
  it('takes --venv-python before everything, relative to the working directory', () => {
    const request = { ...base, flag: 'v/python', env: { TUNE_VENV_PYTHON: '/env' } };
    expect(resolveVenv(request)).toMatchObject({ python: '/cwd/v/python', source: 'flag' });
  });

  it('takes TUNE_VENV_PYTHON before the host and warns about the profile', () => {
    const { warnings, ...rest } = resolveVenv({ ...base, host, env: { TUNE_VENV_PYTHON: '/env/python' } });
    expect(rest).toEqual({ python: '/env/python', source: 'env', candidates: [] });
    expect(warnings[0]).toContain(
      'TUNE_VENV_PYTHON (/env/python) overrides venv_python (/host/python) of host box',
    );
  });

  it('lets a set but empty variable not block the host', () => {
    expect(resolveVenv({ ...base, host, env: { TUNE_VENV_PYTHON: '' } })).toMatchObject({
      python: '/host/python',
      source: 'host',
    });
  });

  it('takes a single path of the config as it is', () => {
    const model = modelWith('default_venv_python: /a/python\n');
    expect(resolveVenv({ ...base, model })).toMatchObject({ python: '/a/python', source: 'config' });
  });

  it('takes the first existing candidate; a relative one lies in the checkout', () => {
    const repoRoot = temporaryFolder({ 'omni/bin/python': '' });
    const model = modelWith('default_venv_python: [/missing/python, omni/bin/python, /last/python]\n');
    expect(resolveVenv({ ...base, model, repoRoot })).toEqual({
      python: join(repoRoot, 'omni/bin/python'),
      source: 'config',
      candidates: ['/missing/python', join(repoRoot, 'omni/bin/python'), '/last/python'],
      warnings: [],
    });
  });

  it('takes the last candidate when none exists', () => {
    const model = modelWith('default_venv_python: [/missing/1, /missing/2]\n');
    expect(resolveVenv({ ...base, model }).python).toBe('/missing/2');
  });

  it('is an error when nothing names an interpreter', () => {
    expect(() => resolveVenv({ ...base, model: modelWith('') })).toThrow(
      'no Python interpreter: config.yaml has no default_venv_python',
    );
  });
});
