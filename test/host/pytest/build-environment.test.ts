import { describe, expect, it } from 'vitest';

import {
  buildPytestEnvironment,
  type PytestEnvironmentOptions,
  recordableEnvironment,
} from '../../../src/host/pytest/launch-command.ts';

const build = (options: Partial<PytestEnvironmentOptions> = {}) =>
  buildPytestEnvironment({
    base: { PATH: '/usr/bin' },
    catalogEnvironment: {},
    unitEnv: {},
    repoRoot: '/repo',
    venvPython: '/venv/bin/python',
    gpuIndices: [0, 1],
    mark: { session: 's', namespace: 'test_a', repeat: 2, attempt: 1, token: 't' },
    ...options,
  });

describe('the environment of pytest', () => {
  it('is exactly this for a bare shell', () => {
    expect(build()).toEqual({
      PATH: '/venv/bin:/usr/bin',
      PYTHONPATH: '/repo',
      NO_PROXY: 'localhost,127.0.0.1,::1',
      no_proxy: 'localhost,127.0.0.1,::1',
      CUDA_VISIBLE_DEVICES: '0,1',
      CUDA_DEVICE_ORDER: 'PCI_BUS_ID',
      PYTHONUNBUFFERED: '1',
      SPT_NOENV: '1',
      CALIB_REPEAT: 's/test_a/2/1/t',
    });
  });

  it.each([
    'PYTEST_ADDOPTS',
    'PYTHONPATH',
    'VIRTUAL_ENV',
    'NODE_OPTIONS',
    'AWS_SECRET_ACCESS_KEY',
    'TEMPORAL_API_KEY',
    'CALIB_LEASE_SCOPE',
  ])('does not inherit %s', (name) => {
    expect(Object.values(build({ base: { PATH: '/usr/bin', [name]: 'inherited' } }))).not.toContain(
      'inherited',
    );
  });

  it.each([
    'HOME',
    'LC_ALL',
    'TZ',
    'LD_LIBRARY_PATH',
    'NVIDIA_DRIVER_CAPABILITIES',
    'HF_TOKEN',
    'https_proxy',
  ])('inherits %s', (name) => {
    expect(build({ base: { [name]: 'inherited' } })[name]).toBe('inherited');
  });

  it("never inherits the caller's choice of GPUs", () => {
    expect(build({ base: { CUDA_VISIBLE_DEVICES: '7' }, gpuIndices: [2] })['CUDA_VISIBLE_DEVICES']).toBe('2');
  });

  it('hides all GPUs from a unit that needs none', () => {
    expect(build({ gpuIndices: [] })['CUDA_VISIBLE_DEVICES']).toBe('');
  });

  it('lets the catalog win over the shell and the unit over both', () => {
    const env = build({
      base: { HOME: '/shell', TZ: 'shell' },
      catalogEnvironment: { HOME: '/catalog', A: 'catalog' },
      unitEnv: { A: 'unit' },
    });
    expect([env['HOME'], env['TZ'], env['A']]).toEqual(['/catalog', 'shell', 'unit']);
  });

  it.each([
    [{ NO_PROXY: 'a.example' }, 'localhost,127.0.0.1,::1,a.example'],
    [{ NO_PROXY: '', no_proxy: 'b.example' }, 'localhost,127.0.0.1,::1,b.example'],
    [{ NO_PROXY: 'a.example', no_proxy: 'b.example' }, 'localhost,127.0.0.1,::1,a.example'],
  ])('exempts loopback from proxies besides %j', (base, expected) => {
    const env = build({ base });
    expect([env['NO_PROXY'], env['no_proxy']]).toEqual([expected, expected]);
  });

  it('puts the repository before a PYTHONPATH of the catalog', () => {
    expect(build({ catalogEnvironment: { PYTHONPATH: '/lib' } })['PYTHONPATH']).toBe('/repo:/lib');
  });

  it.each(['PATH', 'PYTHONPATH', 'PYTEST_ADDOPTS', 'CUDA_VISIBLE_DEVICES', 'CALIB_REPEAT'])(
    'refuses a unit that sets %s',
    (name) => {
      expect(() => build({ unitEnv: { [name]: 'x' } })).toThrow(name);
    },
  );

  it('leaves its inputs alone', () => {
    const base = Object.freeze({ PATH: '/usr/bin', HOME: '/root' });
    build({ base, catalogEnvironment: Object.freeze({ HOME: '/ci' }) });
    expect(base).toEqual({ PATH: '/usr/bin', HOME: '/root' });
  });
});

describe('what of it may be recorded', () => {
  const env = build({
    base: {
      PATH: '/usr/bin',
      HF_TOKEN: 'hf_secret',
      https_proxy: 'http://u:p@proxy',
      NO_PROXY: 'inside.example',
    },
    catalogEnvironment: {
      HF_HOME: '/hub',
      MY_TOKEN: 'catalog-secret',
      UV_INDEX_URL: 'https://user:word@mirror.example/simple',
    },
    unitEnv: { MODE: 'stream' },
  });
  const recorded = recordableEnvironment({
    env,
    catalogNames: ['HF_HOME', 'MY_TOKEN', 'UV_INDEX_URL', 'MODE', 'HF_TOKEN', 'NO_PROXY'],
  });

  it('holds what decides the run, by name', () => {
    expect(Object.keys(recorded)).toEqual([
      'CUDA_DEVICE_ORDER',
      'CUDA_VISIBLE_DEVICES',
      'HF_HOME',
      'MODE',
      'PATH',
      'PYTHONPATH',
      'PYTHONUNBUFFERED',
      'SPT_NOENV',
    ]);
  });
});
