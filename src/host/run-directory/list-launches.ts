import { join } from 'node:path';

import { launchExitSchema, launchIdentitySchema } from '../process/launch-documents.ts';
import { launchFiles } from '../process/launch-files.ts';
import { isAlive } from '../process/process-identity.ts';
import { readLaunchDocument } from '../process/read-launch-document.ts';
import { namesIn } from './file-entries.ts';
import { parseLaunchFolder } from './parse-launch-folder.ts';
import { runPaths } from './paths.ts';

/** One pytest process that was started in a run directory. */
export interface StartedLaunch {
  namespace: string;
  repeat: number;
  attempt: number;
  /** Of the supervisor's files. */
  folder: string;
  /** pytest's output. */
  log: string;
  startedAtMs: number;
  /** Null while its pytest lives on this machine or its end is being recorded; times unknown where it left no trace. */
  end: { atMs: number | null; exitCode: number | null; signal: string | null } | null;
}

/**
 * The launches of a run directory whose pytest was started and that are not set aside, oldest first, found by what each
 * left on disk, never by searching command lines (spec 05 §12).
 *
 * @param skip folders that need not be read again, as a follower knows that they have ended
 */
export async function listLaunches(
  runDir: string,
  skip: ReadonlySet<string> = new Set(),
): Promise<StartedLaunch[]> {
  const launches: StartedLaunch[] = [];
  for (const namespace of await namesIn(join(runDir, '_pytest'))) {
    for (const name of await namesIn(runPaths.unit(runDir, namespace))) {
      const launch = parseLaunchFolder(name);
      if (launch === null) continue;
      const place = { namespace, ...launch };
      const folder = runPaths.launch(runDir, namespace, place.repeat, place.attempt);
      if (skip.has(folder)) continue;
      const started = await readLaunch({ ...place, folder, log: logOf(runDir, place) });
      if (started !== null) launches.push(started);
    }
  }
  return launches.sort((a, b) => a.startedAtMs - b.startedAtMs);
}

/** How a launch stands now; null when its pytest was never started, or its folder is gone. */
export async function readLaunch(
  place: Omit<StartedLaunch, 'startedAtMs' | 'end'>,
): Promise<StartedLaunch | null> {
  const { folder } = place;
  const identity = await readLaunchDocument(launchFiles.identity(folder), launchIdentitySchema);
  if (identity.kind !== 'read') return null;
  const { child, supervisor, boot_id, started_at } = identity.document;
  const started = { ...place, startedAtMs: Date.parse(started_at) };
  if (isAlive({ ...child, boot_id })) return { ...started, end: null };
  // The order matters: a supervisor that is gone has written its exit file before.
  const supervised = isAlive({ ...supervisor, boot_id });
  const exit = await readLaunchDocument(launchFiles.exit(folder), launchExitSchema);
  if (exit.kind === 'read') {
    const { ended_at, exit_code, signal } = exit.document;
    return { ...started, end: { atMs: Date.parse(ended_at), exitCode: exit_code, signal } };
  }
  return { ...started, end: supervised ? null : { atMs: null, exitCode: null, signal: null } };
}

function logOf(runDir: string, place: Pick<StartedLaunch, 'namespace' | 'repeat' | 'attempt'>): string {
  return runPaths.attemptLog(runDir, place.namespace, place.repeat, place.attempt);
}
