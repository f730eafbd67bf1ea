import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { DiskFacts } from '../../domain/precheck/judge-disk.ts';

/** Room and permission for a folder that may not exist yet. Absolute. */
export async function readDisk(folder: string): Promise<DiskFacts> {
  const existing = await nearestFolder(folder);
  const [space, writable] = await Promise.all([
    statfs(existing).catch(() => null),
    access(existing, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    ),
  ]);
  return { folder, existing, freeBytes: space === null ? null : space.bavail * space.bsize, writable };
}

async function nearestFolder(path: string): Promise<string> {
  const stats = await stat(path).catch(() => null);
  return stats?.isDirectory() || path === dirname(path) ? path : await nearestFolder(dirname(path));
}
