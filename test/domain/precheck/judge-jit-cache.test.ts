import { describe, expect, it } from 'vitest';

import { type JitCacheReading, judgeJitCache } from '../../../src/domain/precheck/judge-jit-cache.ts';

const ofHome: JitCacheReading = {
  path: '/srv/login/.cache/flashinfer',
  variable: 'HOME',
  base: '/srv/login',
  inUse: true,
  state: 'foreign',
  own: false,
};
const judge = (more: Partial<Parameters<typeof judgeJitCache>[0]> = {}) =>
  judgeJitCache({ policy: 'cold', usesFlashInfer: true, ownWorkspaces: false, places: [ofHome], ...more });

describe('the kernel cache before a session', () => {
  it('fails for the cache of a login that would stay warm, naming the variable to set', () => {
    const { mark, errors } = judge();
    expect([mark, errors]).toMatchObject([
      '✗',
      [
        {
          message:
            "JIT cache /srv/login/.cache/flashinfer would stay warm: HOME=/srv/login is the login's, not the catalog's",
          remedies: [expect.stringContaining('set FLASHINFER_WORKSPACE_BASE (or HOME) in auto_env')],
        },
      ],
    ]);
  });

  it('fails for it before the first kernel is compiled there, too', () => {
    expect(judge({ places: [{ ...ofHome, state: 'absent' }] }).mark).toBe('✗');
  });

  it('fails for its own cache that cannot be removed', () => {
    const stuck = {
      ...ofHome,
      own: true,
      state: 'stuck' as const,
      reason: 'a link: what it points to may belong to others',
    };
    expect(judge({ places: [stuck] }).errors[0]?.message).toContain('would stay warm: a link');
  });

  it('fails where nothing says where kernels are compiled', () => {
    expect(judge({ places: [] }).mark).toBe('✗');
  });

  it.each([
    ['the catalog names the place', { places: [{ ...ofHome, own: true, state: 'removable' as const }] }, '✓'],
    ['every lane compiles in a folder of its own', { ownWorkspaces: true }, '✓'],
    ['the model keeps its cache', { policy: 'keep' as const }, '·'],
    ['the suite has no FlashInfer', { usesFlashInfer: false }, '·'],
    [
      'a folder of other releases is foreign',
      {
        places: [
          { ...ofHome, own: true, state: 'absent' as const },
          { ...ofHome, variable: 'XDG_CACHE_HOME', inUse: false },
        ],
      },
      '✓',
    ],
  ])('has nothing to say where %s', (_case, question, mark) => {
    expect(judge(question)).toMatchObject({ mark, errors: [] });
  });
});
