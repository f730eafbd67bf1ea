import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Files and folders looked at for one size: a base temp may hold millions, and a size is a hint. */
const mostEntries = 200_000;

export interface TreeSize {
  /** On its disk, links not followed. */
  bytes: number;
  /** Files and folders looked at. */
  entries: number;
  /** False where there are more than were looked at. */
  isWhole: boolean;
}

/** What lies below paths, they themselves included; what is not there takes nothing. */
export async function treeSize(paths: readonly string[], limit = mostEntries): Promise<TreeSize> {
  const open = [...paths];
  const size: TreeSize = { bytes: 0, entries: 0, isWhole: true };
  while (open.length > 0) {
    if (size.entries >= limit) return { ...size, isWhole: false };
    const next = open.pop() ?? '';
    const stats = await lstat(next).catch(() => null);
    if (stats === null) continue;
    size.entries += 1;
    size.bytes += stats.blocks * 512;
    if (stats.isDirectory()) {
      for (const name of await readdir(next).catch((): string[] => [])) open.push(join(next, name));
    }
  }
  return size;
}
