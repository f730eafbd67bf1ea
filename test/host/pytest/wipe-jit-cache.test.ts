import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { sessionCacheRoots, wipeJitCache } from '../../../src/host/pytest/wipe-jit-cache.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

let folder: string;
const path = (name: string) => join(folder, name);
const cache = (name: string) => {
  mkdirSync(path(name), { recursive: true });
  writeFileSync(join(path(name), 'kernel.so'), 'x');
};

beforeEach(() => {
  folder = temporaryFolder();
});

describe('wiping the kernel cache', () => {
  it("removes the cache inside the session's own root", async () => {
    cache('slice/.cache/flashinfer');
    const wipes = await wipeJitCache({
      env: { XDG_CACHE_HOME: path('slice/.cache') },
      sessionRoots: [path('slice')],
    });
    expect([wipes, existsSync(path('slice/.cache/flashinfer'))]).toEqual([
      [{ path: path('slice/.cache/flashinfer'), outcome: 'wiped' }],
      false,
    ]);
  });

  it('says when there is none', async () => {
    const wipes = await wipeJitCache({ env: { XDG_CACHE_HOME: path('none') }, sessionRoots: [folder] });
    expect(wipes).toEqual([{ path: path('none/flashinfer'), outcome: 'absent' }]);
  });

  it('wipes a folder that both variables mean once', async () => {
    cache('home/.cache/flashinfer');
    const env = { XDG_CACHE_HOME: path('home/.cache'), HOME: path('home') };
    expect(await wipeJitCache({ env, sessionRoots: [folder] })).toHaveLength(1);
  });

  it("leaves everybody's cache below HOME alone", async () => {
    cache('home/.cache/flashinfer');
    const wipes = await wipeJitCache({ env: { HOME: path('home') }, sessionRoots: [path('slice')] });
    expect([wipes[0]?.outcome, existsSync(path('home/.cache/flashinfer/kernel.so'))]).toEqual([
      'refused',
      true,
    ]);
  });

  it('does not follow a link in the place of the cache', async () => {
    cache('others');
    mkdirSync(path('slice'));
    symlinkSync(path('others'), path('slice/flashinfer'));
    const wipes = await wipeJitCache({
      env: { XDG_CACHE_HOME: path('slice') },
      sessionRoots: [path('slice')],
    });
    expect([wipes[0]?.outcome, existsSync(path('others/kernel.so'))]).toEqual(['refused', true]);
  });

  it('does not follow a linked cache root out of the session', async () => {
    cache('others/flashinfer');
    mkdirSync(path('slice'));
    symlinkSync(path('others'), path('slice/.cache'));
    const env = { XDG_CACHE_HOME: path('slice/.cache') };
    const wipes = await wipeJitCache({ env, sessionRoots: [path('slice')] });
    expect([wipes[0]?.outcome, existsSync(path('others/flashinfer/kernel.so'))]).toEqual(['refused', true]);
  });

  it('does not follow a link inside the cache', async () => {
    cache('slice/flashinfer');
    cache('others');
    symlinkSync(path('others'), path('slice/flashinfer/link'));
    await wipeJitCache({ env: { XDG_CACHE_HOME: path('slice') }, sessionRoots: [path('slice')] });
    expect([existsSync(path('slice/flashinfer')), existsSync(path('others/kernel.so'))]).toEqual([
      false,
      true,
    ]);
  });

  it('refuses a relative path', async () => {
    const wipes = await wipeJitCache({ env: { XDG_CACHE_HOME: 'cache' }, sessionRoots: [folder] });
    expect(wipes).toMatchObject([{ outcome: 'refused', reason: 'not an absolute path' }]);
  });

  it("takes the catalog's slice, not HOME, for the session's own", () => {
    const env = { OMNI_CI_HOME: '/ci', XDG_CACHE_HOME: '/ci/.cache', HOME: '/root' };
    expect(sessionCacheRoots(env)).toEqual(['/ci', '/ci/.cache']);
  });
});
