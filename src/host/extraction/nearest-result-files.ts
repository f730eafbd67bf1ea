import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';

import { nearestNames } from '../../domain/observation/nearest-names.ts';

/** pytest's folder, the benchmark's folder, one more: deeper JSON files are samples, not summaries. */
const deepestLevel = 4;

/** Directory entries looked at before giving up; this list is a hint, not a search. */
const mostEntries = 2000;

/** The JSON files below a base temp directory whose relative paths are most like the wanted one; at most five. */
export async function nearestResultFiles(baseTemp: string, wanted: string): Promise<string[]> {
  const found: string[] = [];
  let folders = [baseTemp];
  let seen = 0;
  for (let depth = 0; depth < deepestLevel && folders.length > 0; depth += 1) {
    const next: string[] = [];
    for (const folder of folders) {
      for (const entry of await entriesOf(folder)) {
        seen += 1;
        if (seen > mostEntries) return nearestNames(wanted, found);
        const path = join(folder, entry.name);
        if (entry.isDirectory()) next.push(path);
        else if (entry.isFile() && entry.name.endsWith('.json')) found.push(relative(baseTemp, path));
      }
    }
    folders = next;
  }
  return nearestNames(wanted, found);
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}
