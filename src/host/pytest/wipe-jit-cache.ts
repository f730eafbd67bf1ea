import { lstat, realpath, rm } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative } from 'node:path';

import { messageOf } from '../../domain/text.ts';
import type { JitCachePlace } from '../../domain/pytest/jit-cache.ts';
import { isAbsent } from '../run-directory/files.ts';

/**
 * What stands in one place of a kernel cache.
 * - `removable`: a real folder that is the calibration's own; `real` is its path with all links resolved.
 * - `foreign`: kernels are there, but the folder is not the calibration's to empty.
 * - `stuck`: its own, and yet not to be removed safely.
 */
export type JitCacheState =
  /** `own`: what will be compiled there is the calibration's to remove. */
  | { place: JitCachePlace; state: 'absent'; own: boolean }
  | { place: JitCachePlace; state: 'removable'; real: string }
  | { place: JitCachePlace; state: 'foreign' | 'stuck'; reason: string };

/** What became of one cache folder. A `failed` one would stay warm: nothing may be launched. */
export type CacheWipe =
  | { path: string; outcome: 'wiped' | 'absent' }
  | { path: string; outcome: 'foreign' | 'failed'; reason: string };

const cacheName = 'flashinfer';

/** The cache roots that the catalog made the session's own. `HOME` is not one: others on the host share it. */
export function sessionCacheRoots(env: Readonly<Record<string, string>>): string[] {
  const roots = [env['OMNI_CI_HOME'], env['XDG_CACHE_HOME']];
  return roots.filter((root): root is string => root !== undefined && isAbsolute(root));
}

/**
 * Removes FlashInfer's compiled kernels before a launch, as CI does: a warm cache would diverge from it. Only folders
 * called `flashinfer`, by absolute path, never through a link, and only where the catalog named the place or it lies
 * inside a session root.
 *
 * @param sessionRoots absolute folders that belong to this session alone (`sessionCacheRoots`)
 */
export async function wipeJitCache(
  places: readonly JitCachePlace[],
  sessionRoots: readonly string[],
): Promise<CacheWipe[]> {
  const wipes: CacheWipe[] = [];
  for (const place of places) wipes.push(await wipe(await inspectJitCache(place, sessionRoots)));
  return wipes;
}

/** Looks at one place without changing anything. */
export async function inspectJitCache(
  place: JitCachePlace,
  sessionRoots: readonly string[],
): Promise<JitCacheState> {
  const { path } = place;
  const stuck = (reason: string): JitCacheState => ({ place, state: 'stuck', reason });
  if (!isAbsolute(path)) {
    const reason = 'not an absolute path';
    return place.fromCatalog ? stuck(reason) : { place, state: 'foreign', reason };
  }
  try {
    const stats = await lstat(path).catch(absentIsUndefined);
    if (stats === undefined) {
      const own = place.fromCatalog || sessionRoots.some((root) => isInside(path, root));
      return { place, state: 'absent', own };
    }
    // The parents' links are resolved, so that a linked folder on the way cannot lead to somebody else's.
    const real = join(await realpath(dirname(path)), basename(path));
    const roots = place.fromCatalog ? [place.base, ...sessionRoots] : sessionRoots;
    if (!(await isInsideAny(real, roots))) {
      return place.fromCatalog
        ? stuck(`a link on the way leads out of ${place.base}`)
        : { place, state: 'foreign', reason: `${place.variable} is not set by the catalog` };
    }
    if (stats.isSymbolicLink()) return stuck('a link: what it points to may belong to others');
    if (!stats.isDirectory() || basename(real) !== cacheName) return stuck('not a folder');
    return { place, state: 'removable', real };
  } catch (error) {
    return stuck(messageOf(error));
  }
}

async function wipe(state: JitCacheState): Promise<CacheWipe> {
  const { path } = state.place;
  if (state.state === 'absent') return { path, outcome: 'absent' };
  if (state.state !== 'removable') {
    return { path, outcome: state.state === 'stuck' ? 'failed' : 'foreign', reason: state.reason };
  }
  try {
    // A process that is still ending may write into it meanwhile.
    await rm(state.real, { recursive: true, force: true, maxRetries: 3 });
    return { path, outcome: 'wiped' };
  } catch (error) {
    return { path, outcome: 'failed', reason: messageOf(error) };
  }
}

async function isInsideAny(path: string, roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    const real = await realpath(root).catch(absentIsUndefined);
    if (real !== undefined && isInside(path, real)) return true;
  }
  return false;
}

function isInside(path: string, root: string): boolean {
  const inside = relative(root, path);
  return inside !== '' && !inside.startsWith('..') && !isAbsolute(inside);
}

function absentIsUndefined(error: unknown): undefined {
  if (!isAbsent(error)) throw error;
}
