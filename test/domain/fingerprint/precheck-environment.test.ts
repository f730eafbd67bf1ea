import { describe, expect, test } from 'vitest';

import { environmentFacts } from '../../../src/domain/fingerprint/environment.ts';
import { precheckEnvironment } from '../../../src/domain/fingerprint/precheck-environment.ts';

/** What v0.6.0 writes. */
const original = {
  timestamp: '2026-04-23T04:59:00Z',
  model: 'nova-v1',
  versions: { sglang: '0.5.12.post1', torch: '2.11.0+cu130' },
  pins: { sglang: '0.5.12.post1', torch: '2.11.0' },
  git: { sha: 'a'.repeat(40), branch: 'main', dirty: false },
  nvidia_smi_L: '',
  gpu_summary: '2× NVIDIA H20',
};

describe('what a precheck.json tells of the environment', () => {
  test("the original tool's: two versions, the GPUs' names and the commit", () => {
    expect(precheckEnvironment(original)).toEqual({
      passed: true,
      facts: environmentFacts({
        packages: original.versions,
        gpu_models: ['NVIDIA H20'],
        git_sha: original.git.sha,
      }),
    });
  });

  test("calib's: driver, CUDA, Python, memory and hub commits too", () => {
    const gpus = [0, 1].map((index) => ({
      index,
      name: 'NVIDIA H20',
      uuid: `GPU-${index}`,
      memory_total_mib: 97_871,
      memory_used_mib: 3,
    }));
    const assets = [
      { id: 'acme/m', kind: 'model', required: true, cached: true, revision: 'a1' },
      { id: 'acme/d', kind: 'dataset', required: true, cached: false, revision: null },
      { id: 'acme/other', kind: 'model', required: false, cached: true, revision: 'b2' },
    ];
    const more = { assets, gpus, driver: '590.10', cuda: '13.1', python: '3.11.7', ok: true };
    expect(precheckEnvironment({ ...original, ...more })?.facts).toMatchObject({
      driver: '590.10',
      cuda: '13.1',
      python: '3.11.7',
      gpu_models: ['NVIDIA H20'],
      gpu_memory_mib: [97_871],
      revisions: { 'model acme/m': 'a1' },
    });
  });

  test.each([['hello from torch\n2.11.0'], [''], [null]])(
    'a version that is none is not known: %j',
    (torch) => {
      expect(precheckEnvironment({ ...original, versions: { torch } })?.facts.packages).toBeNull();
    },
  );

  test('GPUs that could not be seen are not known', () => {
    expect(precheckEnvironment({ ...original, gpu_summary: 'unknown' })?.facts.gpu_models).toBeNull();
  });

  test.each([{ ok: false }, { skipped: true }])('one that did not pass says so: %j', (more) => {
    expect(precheckEnvironment({ ...original, ...more })?.passed).toBe(false);
  });

  test.each([[null], [[]], ['text'], [{ model: 'nova' }]])('another document is none: %j', (document) => {
    expect(precheckEnvironment(document)).toBeNull();
  });
});
