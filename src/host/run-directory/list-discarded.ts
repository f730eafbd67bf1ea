import { join } from 'node:path';

import type { DiscardedRepeat } from '../../domain/report/report-facts.ts';
import { discardFolders } from './discard-reason.ts';
import { namesIn } from './file-entries.ts';

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
      });
    }
  }
  return listed;
}
