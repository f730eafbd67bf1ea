import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import type { ActiveRun } from '../../domain/audit/status-document.ts';
import { launchIdentitySchema } from '../process/launch-documents.ts';
import { launchFiles } from '../process/launch-files.ts';
import { isAlive } from '../process/process-identity.ts';
import { readLaunchDocument } from '../process/read-launch-document.ts';
import { namesIn } from './file-entries.ts';
import { runPaths } from './paths.ts';

const LAUNCH = /^run(\d+)\.attempt(\d+)$/;

/**
 * The pytest processes of a run directory that live on this machine at this moment, found by the identity that each
 * launch left on disk, never by searching command lines (spec 05 §12). `now` in milliseconds.
 */
export async function readActiveRuns(runDir: string, now: number): Promise<ActiveRun[]> {
  const active: ActiveRun[] = [];
  for (const namespace of await namesIn(join(runDir, '_pytest'))) {
    for (const name of await namesIn(runPaths.unit(runDir, namespace))) {
      const [, repeat, attempt] = LAUNCH.exec(name) ?? [];
      if (repeat === undefined || attempt === undefined) {
        continue;
      }
      const run = await livingRun({ runDir, namespace, k: Number(repeat), attempt: Number(attempt), now });
      if (run !== null) {
        active.push(run);
      }
    }
  }
  return active;
}

interface LaunchPlace {
  runDir: string;
  namespace: string;
  k: number;
  attempt: number;
  now: number;
}

async function livingRun({ runDir, namespace, k, attempt, now }: LaunchPlace): Promise<ActiveRun | null> {
  const folder = runPaths.launch(runDir, namespace, k, attempt);
  const identity = await readLaunchDocument(launchFiles.identity(folder), launchIdentitySchema);
  if (identity.kind !== 'read') {
    return null;
  }
  const { child, boot_id, started_at } = identity.document;
  if (!isAlive({ ...child, boot_id })) {
    return null;
  }
  const log = runPaths.attemptLog(runDir, namespace, k, attempt);
  const found = await stat(log).catch(() => null);
  return {
    namespace,
    k,
    attempt,
    started_at,
    log,
    log_bytes: found?.size ?? null,
    stalled_s: found === null ? null : Math.max(0, Math.round((now - found.mtimeMs) / 1000)),
    gpus: null,
  };
}
