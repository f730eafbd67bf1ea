import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { beforeEach, describe, expect, it } from 'vitest';

import { jitCachePlaces } from '../../../src/domain/pytest/jit-cache.ts';
import { sessionCacheRoots, wipeJitCache } from '../../../src/host/pytest/wipe-jit-cache.ts';
import { temporaryFolder } from '../../fixtures/temporary-folder.ts';

let folder: string;
const path = (name: string) => join(folder, name);
const cache = (name: string) => {
  mkdirSync(path(name), { recursive: true });
  writeFileSync(join(path(name), 'kernel.so'), 'x');
};
const isWarm = (name: string) => existsSync(join(path(name), 'kernel.so'));

/** Wipes for a pytest with these variables, of which the catalog gave the named ones. */
const wipe = async (
  env: Record<string, string>,
  catalog: string[] = Object.keys(env),
  roots: string[] = [],
) => await wipeJitCache(jitCachePlaces(env, new Set(catalog)), roots);

beforeEach(() => {
  folder = temporaryFolder();
});

describe('wiping the kernel cache', () => {
  it('empties the place where FlashInfer compiles when the catalog sets HOME, as the shipped models do', async () => {
    cache('home/.cache/flashinfer');
    expect(await wipe({ HOME: path('home') })).toEqual([
      { path: path('home/.cache/flashinfer'), outcome: 'wiped' },
    ]);
    expect(isWarm('home/.cache/flashinfer')).toBe(false);
  });

  it('empties the folder below FLASHINFER_WORKSPACE_BASE, and those of other releases', async () => {
    for (const name of ['jit/.cache/flashinfer', 'home/.cache/flashinfer', 'xdg/flashinfer']) cache(name);
    await wipe({ FLASHINFER_WORKSPACE_BASE: path('jit'), HOME: path('home'), XDG_CACHE_HOME: path('xdg') });
    expect(['jit/.cache/flashinfer', 'home/.cache/flashinfer', 'xdg/flashinfer'].filter(isWarm)).toEqual([]);
  });

  it('leaves everything beside the folder itself alone', async () => {
    cache('home/.cache/flashinfer');
    cache('home/.cache/huggingface');
    await wipe({ HOME: path('home') });
    expect(isWarm('home/.cache/huggingface')).toBe(true);
  });

  it("leaves a login's own HOME alone, and says so", async () => {
    cache('home/.cache/flashinfer');
    expect(await wipe({ HOME: path('home') }, [])).toEqual([
      {
        path: path('home/.cache/flashinfer'),
        outcome: 'foreign',
        reason: 'HOME is not set by the catalog',
      },
    ]);
    expect(isWarm('home/.cache/flashinfer')).toBe(true);
  });

  it("takes an inherited place inside the session's own root for its own", async () => {
    cache('slice/.cache/flashinfer');
    const wipes = await wipe({ HOME: path('slice') }, [], [path('slice')]);
    expect([wipes[0]?.outcome, isWarm('slice/.cache/flashinfer')]).toEqual(['wiped', false]);
  });

  it('says when there is none', async () => {
    expect(await wipe({ XDG_CACHE_HOME: path('none') })).toEqual([
      { path: path('none/flashinfer'), outcome: 'absent' },
    ]);
  });

  it('wipes a folder that two variables mean once', async () => {
    cache('home/.cache/flashinfer');
    const env = { XDG_CACHE_HOME: path('home/.cache'), HOME: path('home') };
    expect(await wipe(env, ['XDG_CACHE_HOME'])).toEqual([
      { path: path('home/.cache/flashinfer'), outcome: 'wiped' },
    ]);
  });

  it('follows a link to the folder that the catalog names, whose name it is', async () => {
    cache('disk/.cache/flashinfer');
    symlinkSync(path('disk'), path('home'));
    await wipe({ HOME: path('home') });
    expect(isWarm('disk/.cache/flashinfer')).toBe(false);
  });

  it('fails at a link in the place of the cache', async () => {
    cache('others/flashinfer');
    mkdirSync(path('home/.cache'), { recursive: true });
    symlinkSync(path('others/flashinfer'), path('home/.cache/flashinfer'));
    const wipes = await wipe({ HOME: path('home') });
    expect([wipes[0]?.outcome, isWarm('others/flashinfer')]).toEqual(['failed', true]);
  });

  it('fails at a link on the way that leads elsewhere', async () => {
    cache('others/flashinfer');
    mkdirSync(path('home'));
    symlinkSync(path('others'), path('home/.cache'));
    const wipes = await wipe({ HOME: path('home') });
    expect([wipes[0]?.outcome, isWarm('others/flashinfer')]).toEqual(['failed', true]);
  });

  it('does not follow a link inside the cache', async () => {
    cache('slice/flashinfer');
    cache('others');
    symlinkSync(path('others'), path('slice/flashinfer/link'));
    await wipe({ XDG_CACHE_HOME: path('slice') });
    expect([existsSync(path('slice/flashinfer')), isWarm('others')]).toEqual([false, true]);
  });

  it('fails at a file of that name', async () => {
    mkdirSync(path('slice'));
    writeFileSync(path('slice/flashinfer'), '');
    expect(await wipe({ XDG_CACHE_HOME: path('slice') })).toMatchObject([
      { outcome: 'failed', reason: 'not a folder' },
    ]);
  });

  it('fails at a relative path of the catalog', async () => {
    expect(await wipe({ XDG_CACHE_HOME: 'cache' })).toMatchObject([
      { outcome: 'failed', reason: 'not an absolute path' },
    ]);
  });

  it.skipIf(process.getuid?.() === 0)('fails where the file system refuses', async () => {
    cache('slice/flashinfer');
    chmodSync(path('slice'), 0o500);
    expect(await wipe({ XDG_CACHE_HOME: path('slice') })).toMatchObject([{ outcome: 'failed' }]);
    chmodSync(path('slice'), 0o700);
  });

  it("takes the catalog's slice, not HOME, for the session's own", () => {
    const env = { OMNI_CI_HOME: '/ci', XDG_CACHE_HOME: '/ci/.cache', HOME: '/root' };
    expect(sessionCacheRoots(env)).toEqual(['/ci', '/ci/.cache']);
  });
});
