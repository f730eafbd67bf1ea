import { createReadStream } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { createInterface } from 'node:readline';

import {
  mostObserved,
  type ObservedComparison,
  observedComparisonSchema,
  type ObservedDocument,
} from '../../domain/gates/observed.ts';
import { sha256Of } from '../run-directory/files.ts';
import { observerFile } from './observer-plugin.ts';

/** A little more than the plugin writes: a file that is larger is not the plugin's. */
const maxBytes = 17 * 1024 * 1024;
/** A comparison in a loop is told by its first values. */
const mostPerLine = 50;
const [mostFiles, maxFileBytes] = [500, 4_000_000];

/** Comparisons, each once, and whether there were more than are kept. */
export interface ObservedLines {
  comparisons: ObservedComparison[];
  cut: boolean;
}

/**
 * What the plugin wrote down during a launch. Lines that are no comparisons, and the half line of a process that was
 * killed, are dropped; null where nothing was written at all.
 */
export async function readObservedLines(launchDir: string): Promise<ObservedLines | null> {
  const path = observerFile(launchDir);
  const size = await stat(path).then(
    (found) => (found.isFile() ? found.size : -1),
    () => -1,
  );
  if (size < 0 || size > maxBytes) return null;
  const seen = new Set<string>();
  const perLine = new Map<string, number>();
  const comparisons: ObservedComparison[] = [];
  let cut = false;
  const lines = createInterface({ input: createReadStream(path, { end: maxBytes }), crlfDelay: Infinity });
  for await (const line of lines) {
    const comparison = parseLine(line);
    if (comparison === null) continue;
    const { file, line: number, op, left, right } = comparison;
    const [key, place] = [JSON.stringify([file, number, op, left, right]), `${file}:${number}`];
    if (seen.has(key)) continue;
    seen.add(key);
    const count = perLine.get(place) ?? 0;
    perLine.set(place, count + 1);
    if (count >= mostPerLine || comparisons.length >= mostObserved) cut = true;
    else comparisons.push(comparison);
  }
  return { comparisons, cut };
}

function parseLine(line: string): ObservedComparison | null {
  if (line.length > 4096) return null;
  try {
    const parsed = observedComparisonSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}

export interface DescribeObservedOptions {
  launchDir: string;
  /** Absolute path of the checkout that the launch ran in. */
  repoRoot: string;
  facts: Pick<ObservedDocument, 'model' | 'git_sha' | 'namespace' | 'at' | 'metrics'>;
}

/** The document of one launch, tied to the files as they are now; null where the observer wrote nothing. */
export async function describeObserved(options: DescribeObservedOptions): Promise<ObservedDocument | null> {
  const { launchDir, repoRoot, facts } = options;
  const lines = await readObservedLines(launchDir);
  if (lines === null) return null;
  const files = await hashesOf(repoRoot, new Set(lines.comparisons.map(({ file }) => file)));
  const comparisons = lines.comparisons.filter(({ file }) => Object.hasOwn(files, file));
  return { schema: 'calib.observed/1', ...facts, files, comparisons, cut: lines.cut };
}

/** SHA-256 of regular files below a root, by their relative path; others are left out. */
export async function hashesOf(root: string, paths: ReadonlySet<string>): Promise<Record<string, string>> {
  const hashes: Record<string, string> = {};
  for (const path of [...paths].slice(0, mostFiles)) {
    try {
      const [real, realRoot] = [await realpath(join(root, path)), await realpath(root)];
      const found = await stat(real);
      if (!real.startsWith(`${realRoot}${sep}`) || !found.isFile() || found.size > maxFileBytes) continue;
      hashes[path] = sha256Of(await readFile(real));
    } catch {
      // Gone since, or never a file: nothing is said about it.
    }
  }
  return hashes;
}
