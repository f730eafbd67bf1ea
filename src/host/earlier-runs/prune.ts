import { lstat, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { readPlan } from '../run-directory/plan-file.ts';
import { runPaths } from '../run-directory/paths.ts';
import { treeSize } from './tree-size.ts';

const runDirectoryName = /^\d{8}T\d{6}Z/;
const ended = /session (?:completed|aborted|failed): /;
const isBaseTemp = (name: string) => /^basetemp_run\d+$/.test(name);
const isLog = (name: string) => /^run\d+(?:\.attempt\d+)?\.log$/.test(name);

/** What of one ended session can be removed: base temps and pytest logs, nothing else. */
export interface PrunableRun {
  runDir: string;
  model: string;
  /** When its last line was written to `run.log`, ms since 1970. */
  endedAtMs: number;
  /** Absolute. */
  paths: string[];
  bytes: number;
}

/**
 * The ended sessions below a folder of run directories that hold something to be removed, newest first. A session has ended
 * when the last line of its `run.log` says so; one that was continued since, or that nobody saw end, is left alone.
 */
export async function prunableRuns(runRoot: string): Promise<PrunableRun[]> {
  const names = (await readdir(runRoot).catch((): string[] => [])).filter((name) =>
    runDirectoryName.test(name),
  );
  const runs: PrunableRun[] = [];
  for (const name of names.sort().reverse()) {
    const run = await prunableRun(join(runRoot, name)).catch(() => null);
    if (run !== null && run.paths.length > 0) runs.push(run);
  }
  return runs;
}

async function prunableRun(runDir: string): Promise<PrunableRun | null> {
  const { model } = await readPlan(runDir);
  const log = runPaths.runLog(runDir);
  const last = (await readFile(log, 'utf8')).trimEnd().split('\n').at(-1) ?? '';
  if (!ended.test(last)) return null;
  const { mtimeMs: endedAtMs } = await lstat(log);
  const paths = [
    ...(await removable(join(runDir, '_pytest'), 1)),
    // `<unit>/run{k}.{n}/_pytest/<unit>/…`
    ...(await removable(join(runDir, '_discarded'), 4)),
  ];
  let bytes = 0;
  for (const path of paths) bytes += (await treeSize([path])).bytes;
  return { runDir, model, endedAtMs, paths, bytes };
}

/** Base temps and logs at most `depth` folders below; links are never entered. */
async function removable(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (isBaseTemp(entry.name) || isLog(entry.name)) found.push(path);
    else if (entry.isDirectory() && depth > 0) found.push(...(await removable(path, depth - 1)));
  }
  return found;
}

/** Those of the ended sessions (newest first) that are beyond the `keep` newest and older than a time, both where given. */
export function chooseToPrune(
  runs: readonly PrunableRun[],
  wanted: { keep: number; endedBeforeMs: number | null },
): PrunableRun[] {
  const { keep, endedBeforeMs } = wanted;
  return runs.slice(keep).filter((run) => endedBeforeMs === null || run.endedAtMs < endedBeforeMs);
}

/** Removes what was found of a session; records, reports, journals and `run.log` stay. */
export async function prune({ paths }: PrunableRun): Promise<void> {
  for (const path of paths) await rm(path, { recursive: true, force: true });
}
