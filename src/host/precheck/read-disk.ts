import { access, constants, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

import { type DiskEstimate, type DiskFacts, estimateDisk } from '../../domain/precheck/judge-disk.ts';
import { readKnownSizes, repeatsToRun } from '../earlier-runs/known-sizes.ts';
import type { PrecheckRequest } from './precheck-request.ts';

/** Room and permission for run directories, in a folder that may not exist yet, and what the session will need of it. */
export async function readDisk(
  request: Pick<PrecheckRequest, 'runFolder' | 'model' | 'planned'>,
): Promise<DiskFacts> {
  const { runFolder: folder } = request;
  const existing = await nearestFolder(folder);
  const [space, writable, estimate] = await Promise.all([
    statfs(existing).catch(() => null),
    access(existing, constants.W_OK | constants.X_OK).then(
      () => true,
      () => false,
    ),
    readEstimate(request),
  ]);
  const freeBytes = space === null ? null : space.bavail * space.bsize;
  return { folder, existing, freeBytes, writable, ...(estimate === null ? {} : { estimate }) };
}

async function readEstimate({
  runFolder,
  model,
  planned,
}: Parameters<typeof readDisk>[0]): Promise<DiskEstimate | null> {
  if (planned === undefined) return null;
  const { namespaces } = planned;
  return estimateDisk(await repeatsToRun(planned), await readKnownSizes(runFolder, { model, namespaces }));
}

async function nearestFolder(path: string): Promise<string> {
  const stats = await stat(path).catch(() => null);
  return stats?.isDirectory() || path === dirname(path) ? path : await nearestFolder(dirname(path));
}
