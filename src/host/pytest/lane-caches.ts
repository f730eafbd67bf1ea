import { join } from 'node:path';

import { nameOfLane } from '../../domain/lanes/lanes.ts';
import type { JitCachePolicy } from '../../domain/pytest/jit-cache.ts';
import { sha256Of } from '../run-directory/files.ts';

export interface LaneCacheQuestion {
  policy: JitCachePolicy;
  /** Lanes that the session has on this host. */
  lanes: number;
  /** The lane as recorded: `<host>/gpu0,1`. */
  lane: string;
  /** `cache_root` of a declared lane: absolute, of this lane alone. */
  cacheRoot?: string | undefined;
  /** The catalog's variables. */
  environment: Readonly<Record<string, string>>;
  /** Absolute. */
  runDir: string;
}

/**
 * The variables that give a lane caches of its own, over the catalog's: two lanes that compile into one folder disturb
 * each other, and one of them must never delete what the other is compiling. FlashInfer's folder is a lane's own only
 * where it is wiped: a suite with a warm cache has it where its environment says.
 *
 * @returns empty where the environment's own folders serve the only lane
 */
export function laneCaches(question: LaneCacheQuestion): Record<string, string> {
  const { policy, cacheRoot: root } = question;
  if (root !== undefined) {
    return {
      XDG_CACHE_HOME: join(root, 'xdg'),
      TORCHINDUCTOR_CACHE_DIR: join(root, 'torchinductor'),
      ...(policy === 'cold' ? { FLASHINFER_WORKSPACE_BASE: join(root, 'jit') } : {}),
    };
  }
  if (policy === 'keep' || question.lanes < 2) return {};
  return { FLASHINFER_WORKSPACE_BASE: join(sharedRoot(question), 'calib-lanes', folderName(question.lane)) };
}

/** The session's cache root, or its own directory where the catalog gives none. */
function sharedRoot({ environment, runDir }: LaneCacheQuestion): string {
  const root = environment['XDG_CACHE_HOME'] ?? environment['OMNI_CI_HOME'];
  return root?.startsWith('/') === true ? root : join(runDir, '_caches');
}

/** Compilers and build tools stumble over commas and spaces in paths; the hash keeps different lanes apart. */
function folderName(recorded: string): string {
  const name = nameOfLane(recorded);
  const plain = name.replaceAll(/[^A-Za-z0-9._-]+/g, '-');
  return plain === name ? name : `${plain}-${sha256Of(name).slice(0, 8)}`;
}
