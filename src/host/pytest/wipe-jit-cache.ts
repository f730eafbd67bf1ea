import { lstat, realpath, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';

import { messageOf } from '../../domain/text.ts';
import { isAbsent } from '../run-directory/files.ts';

/** What became of one cache folder. `refused` and `failed` need the operator's eye; neither stops a launch. */
export type CacheWipe =
  | { path: string; outcome: 'wiped' | 'absent' }
  | { path: string; outcome: 'refused' | 'failed'; reason: string };

export interface WipeJitCacheOptions {
  /** The pytest environment: its `XDG_CACHE_HOME` and `HOME` say where FlashInfer keeps compiled kernels. */
  env: Readonly<Record<string, string>>;
  /** Absolute folders that belong to this session alone (`sessionCacheRoots`). */
  sessionRoots: readonly string[];
}

const cacheName = 'flashinfer';

/** The cache roots that the catalog made the session's own. `HOME` is not one: others on the host share it. */
export function sessionCacheRoots(env: Readonly<Record<string, string>>): string[] {
  const roots = [env['OMNI_CI_HOME'], env['XDG_CACHE_HOME']];
  return roots.filter((root): root is string => root !== undefined && isAbsolute(root));
}

/**
 * Removes FlashInfer's compiled kernels before a launch, as CI does: a warm cache would diverge from it.
 * Only folders called `flashinfer`, by absolute path, really inside a session root, and never through a link.
 */
export async function wipeJitCache(options: WipeJitCacheOptions): Promise<CacheWipe[]> {
  const { XDG_CACHE_HOME: cacheHome, HOME: home } = options.env;
  const candidates = new Set<string>();
  if (cacheHome) candidates.add(join(cacheHome, cacheName));
  if (home) candidates.add(join(home, '.cache', cacheName));
  const wipes: CacheWipe[] = [];
  for (const path of candidates) wipes.push(await wipe(path, options.sessionRoots));
  return wipes;
}

async function wipe(path: string, sessionRoots: readonly string[]): Promise<CacheWipe> {
  const refused = (reason: string): CacheWipe => ({ path, outcome: 'refused', reason });
  if (!isAbsolute(path)) return refused('not an absolute path');
  try {
    const stats = await lstat(path).catch(absentIsUndefined);
    if (stats === undefined) return { path, outcome: 'absent' };
    if (stats.isSymbolicLink()) return refused('a link: what it points to may belong to others');
    // With the links of its parents resolved, so that a linked cache root cannot lead outside.
    const real = join(await realpath(dirname(path)), basename(path));
    if (!(await isInsideAny(real, sessionRoots))) return refused("outside the session's own cache roots");
    await rm(real, { recursive: true, force: true });
    return { path, outcome: 'wiped' };
  } catch (error) {
    return { path, outcome: 'failed', reason: messageOf(error) };
  }
}

async function isInsideAny(path: string, roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    const real = await realpath(root).catch(absentIsUndefined);
    if (real === undefined) continue;
    const inside = relative(real, path);
    if (inside !== '' && !inside.startsWith('..') && !isAbsolute(inside)) return true;
  }
  return false;
}

function absentIsUndefined(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
}
