import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { KnownSize, PlannedRepeats } from '../../domain/precheck/judge-disk.ts';
import { earlierRuns } from './earlier-runs.ts';
import { pathExists } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';
import { treeSize } from './tree-size.ts';

/** Of a unit's repeats in one directory; the largest counts, since the disk must hold the large ones too. */
const mostRepeats = 3;
/** Files and folders looked at for a whole estimate: seconds at most, also over thousands of samples a repeat. */
const mostEntries = 200_000;

/**
 * What one repeat of each unit takes on the disk, base temp and logs, as earlier sessions of the same model left it: the
 * largest of its recorded repeats in the newest run directory that has not been pruned of them. Units never seen are left out.
 *
 * @param runRoot folder of run directories, whose names begin with their time
 */
export async function readKnownSizes(
  runRoot: string,
  wanted: { model: string; namespaces: readonly string[] },
): Promise<Record<string, KnownSize>> {
  const known: Record<string, KnownSize> = {};
  let left = mostEntries;
  for await (const { runDir } of earlierRuns(runRoot, wanted.model)) {
    const missing = wanted.namespaces.filter((namespace) => known[namespace] === undefined);
    if (missing.length === 0 || left <= 0) break;
    for (const namespace of missing) {
      const { largest, entries } = await largestRepeat(runDir, namespace, left);
      left -= entries;
      if (largest !== null) known[namespace] = largest;
    }
  }
  return known;
}

async function largestRepeat(
  runDir: string,
  namespace: string,
  limit: number,
): Promise<{ largest: KnownSize | null; entries: number }> {
  let largest: KnownSize | null = null;
  let entries = 0;
  for (const { repeat, paths } of (await recordedRepeats(runDir, namespace)).slice(0, mostRepeats)) {
    if (entries >= limit) break;
    if (!(await pathExists(runPaths.baseTemp(runDir, namespace, repeat)))) continue;
    const size = await treeSize(paths, limit - entries);
    entries += size.entries;
    if (largest === null || size.bytes > largest.bytes) {
      largest = { bytes: size.bytes, isWhole: size.isWhole };
    }
  }
  return { largest, entries };
}

/** The repeats of a unit that are recorded, with their base temps and logs; the first ones first. */
async function recordedRepeats(
  runDir: string,
  namespace: string,
): Promise<{ repeat: number; paths: string[] }[]> {
  const unit = runPaths.unit(runDir, namespace);
  const names = await readdir(unit).catch((): string[] => []);
  const numbers = names.flatMap((name) => /^run(\d+)\.commit\.json$/.exec(name)?.[1] ?? []).map(Number);
  return numbers
    .sort((a, b) => a - b)
    .map((repeat) => {
      const own = new RegExp(`^(?:basetemp_run${repeat}|run${repeat}(?:\\.attempt\\d+)?\\.log)$`);
      return { repeat, paths: names.filter((name) => own.test(name)).map((name) => join(unit, name)) };
    });
}

/**
 * How many repeats of each unit are still to be run: all, less those that the run directory has recorded.
 *
 * @param session `runDir` is null where there is no directory yet
 */
export async function repeatsToRun(session: {
  runDir: string | null;
  namespaces: readonly string[];
  repeats: number;
}): Promise<PlannedRepeats[]> {
  const { runDir, namespaces, repeats } = session;
  return await Promise.all(
    namespaces.map(async (namespace) => {
      const recorded = runDir === null ? [] : await recordedRepeats(runDir, namespace);
      return { namespace, repeats: repeats - recorded.filter(({ repeat }) => repeat <= repeats).length };
    }),
  );
}
