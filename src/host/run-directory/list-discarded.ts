import { join } from 'node:path';

import { discardFolders } from './discard-reason.ts';
import { namesIn } from './file-entries.ts';

/** A repeat that was set aside, for the report's table of discarded repeats (spec 06 §6). */
export interface DiscardedRepeat {
  namespace: string;
  repeat: number;
  /** 1, 2, … per (unit, repeat). */
  n: number;
  reason: string;
  /** `YYYY-MM-DDTHH:MM:SSZ`; empty when the reason file is damaged. */
  at: string;
  requested_by: string;
  /** Absolute path of the folder that holds its files. */
  folder: string;
}

/** All discarded repeats of a run directory: by unit name, repeat and number. */
export async function listDiscarded(runDir: string): Promise<DiscardedRepeat[]> {
  const listed: DiscardedRepeat[] = [];
  for (const namespace of await namesIn(join(runDir, '_discarded'))) {
    for (const folder of await discardFolders(runDir, namespace)) {
      listed.push({
        namespace,
        repeat: folder.repeat,
        n: folder.n,
        reason: folder.reason?.reason ?? 'unknown (its reason.json cannot be read)',
        at: folder.reason?.at ?? '',
        requested_by: folder.reason?.requested_by ?? '',
        folder: folder.path,
      });
    }
  }
  return listed;
}
