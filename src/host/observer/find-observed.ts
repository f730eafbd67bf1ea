import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type ObservedDocument, observedDocumentSchema } from '../../domain/gates/observed.ts';
import { parseDocument, readIfPresent } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';
import { readPlan } from '../run-directory/plan-file.ts';
import { hashesOf } from './read-observed.ts';

/** Older sessions than these are not looked through. */
const mostSessions = 500;

export interface FindObservedOptions {
  /** Folders of run directories. */
  runRoot: string;
  model: string;
  /** Full commit id that the gates are read at. */
  gitSha: string;
  /** Folder with the files that the gates are read from: a comparison counts while its file is the same. */
  root: string;
}

/**
 * What the newest smoke of a model at a commit observed, all its units together; null where there is none. What cannot be
 * read is passed over: it adds to what was read, and decides nothing alone.
 */
export async function findObserved(options: FindObservedOptions): Promise<ObservedDocument | null> {
  const names = await readdir(options.runRoot).catch((): string[] => []);
  // Session ids begin with the time at which they were started.
  for (const name of names.sort().reverse().slice(0, mostSessions)) {
    const found = await readSmokeObserved(join(options.runRoot, name), options);
    if (found !== null) return found;
  }
  return null;
}

async function readSmokeObserved(
  runDir: string,
  { model, gitSha, root }: FindObservedOptions,
): Promise<ObservedDocument | null> {
  const plan = await readPlan(runDir).catch(() => null);
  if (plan === null || plan.purpose !== 'smoke' || plan.model !== model || plan.git_sha !== gitSha)
    return null;
  const found: ObservedDocument[] = [];
  for (const { namespace } of plan.units ?? []) {
    const one = await readOne(runPaths.observed(runDir, namespace, 1));
    if (one === null) continue;
    const present = await hashesOf(root, new Set(Object.keys(one.files)));
    const comparisons = one.comparisons.filter(({ file }) => present[file] === one.files[file]);
    found.push({ ...one, comparisons });
  }
  return together(found);
}

/** The units of one smoke as one document. */
function together(found: readonly ObservedDocument[]): ObservedDocument | null {
  const [first] = found;
  return first === undefined
    ? null
    : {
        ...first,
        files: Object.assign({}, ...found.map(({ files }) => files)) as ObservedDocument['files'],
        metrics: Object.assign({}, ...found.map(({ metrics }) => metrics)) as ObservedDocument['metrics'],
        comparisons: found.flatMap(({ comparisons }) => comparisons),
        cut: found.some(({ cut }) => cut),
      };
}

async function readOne(path: string): Promise<ObservedDocument | null> {
  try {
    const bytes = await readIfPresent(path);
    return bytes === null ? null : parseDocument(bytes, observedDocumentSchema);
  } catch {
    return null;
  }
}
