import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

const manifestName = 'router_pgids.txt';
/** pytest's base temp keeps manifests a few levels down; deeper trees are model output. */
const deepestLevel = 8;

/**
 * Process group ids from every `router_pgids.txt` below a base temp folder (spec 05 §8): one integer per line, junk
 * ignored, only numbers > 1, without repetition. Links are not followed. A missing folder holds none.
 */
export async function readGroupManifests(baseTemp: string): Promise<number[]> {
  const groups = new Set<number>();
  for (const path of await findManifests(baseTemp, 0)) {
    for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n')) {
      const group = /^\s*\d+\s*$/.test(line) ? Number(line) : 0;
      if (group > 1 && Number.isSafeInteger(group)) groups.add(group);
    }
  }
  return [...groups];
}

async function findManifests(folder: string, level: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name === manifestName) found.push(path);
    if (entry.isDirectory() && level < deepestLevel) found.push(...(await findManifests(path, level + 1)));
  }
  return found;
}
