import { describe, expect, it } from 'vitest';

import { type LaneCacheQuestion, laneCaches } from '../../../src/host/pytest/lane-caches.ts';

const caches = (question: Partial<LaneCacheQuestion> = {}) =>
  laneCaches({
    policy: 'cold',
    lanes: 1,
    lane: 'host-a/lane0',
    environment: { XDG_CACHE_HOME: '/ci/.cache' },
    runDir: '/runs/s',
    ...question,
  });

describe('the caches of a lane', () => {
  it('are the environment’s for the only lane of a host', () => {
    expect(caches()).toEqual({});
  });

  it('hold FlashInfer’s kernels apart where several lanes compile at the same time', () => {
    const [first, second] = ['host-a/lane0', 'host-a/lane1'].map((lane) => caches({ lanes: 2, lane }));
    expect([first, second]).toEqual([
      { FLASHINFER_WORKSPACE_BASE: '/ci/.cache/calib-lanes/lane0' },
      { FLASHINFER_WORKSPACE_BASE: '/ci/.cache/calib-lanes/lane1' },
    ]);
  });

  it('are named so that a compiler can live with it, and still apart', () => {
    const folders = ['host-a/gpu0,1', 'host-a/gpu0-1'].map(
      (lane) => caches({ lanes: 2, lane })['FLASHINFER_WORKSPACE_BASE'] ?? '',
    );
    expect(folders[0]).toMatch(/\/gpu0-1-[0-9a-f]{8}$/);
    expect(new Set(folders).size).toBe(2);
  });

  it('are in the run directory where the catalog gives no cache root', () => {
    expect(caches({ lanes: 2, environment: {} })).toEqual({
      FLASHINFER_WORKSPACE_BASE: '/runs/s/_caches/calib-lanes/lane0',
    });
  });

  it('are below the folder that the host profile gives the lane', () => {
    expect(caches({ cacheRoot: '/data/lane0' })).toEqual({
      XDG_CACHE_HOME: '/data/lane0/xdg',
      TORCHINDUCTOR_CACHE_DIR: '/data/lane0/torchinductor',
      FLASHINFER_WORKSPACE_BASE: '/data/lane0/jit',
    });
  });

  it('leave a cache that is kept where it is', () => {
    expect([
      caches({ policy: 'keep', lanes: 2 }),
      caches({ policy: 'keep', cacheRoot: '/data/lane0' }),
    ]).toEqual([
      {},
      { XDG_CACHE_HOME: '/data/lane0/xdg', TORCHINDUCTOR_CACHE_DIR: '/data/lane0/torchinductor' },
    ]);
  });
});
