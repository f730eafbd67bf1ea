import { join } from 'node:path';

import type { DiscardedRepeat } from '../../domain/report/report-facts.ts';
import { discardFolders } from './discard-reason.ts';
import { namesIn } from './file-entries.ts';

/** A repeat that was set aside, and who asked for it. */
export interface ListedDiscard extends DiscardedRepeat {
  requested_by: string;
}

/** All discarded repeats of a run directory: by unit name, repeat and number. */
export async function listDiscarded(runDir: string): Promise<ListedDiscard[]> {
  const listed: ListedDiscard[] = [];
  for (const namespace of await namesIn(join(runDir, '_discarded'))) {
    for (const folder of await discardFolders(runDir, namespace)) {
      listed.push({
        namespace,
        repeat: folder.repeat,
        n: folder.n,
        reason: folder.reason?.reason ?? 'unknown (its reason.json cannot be read)',
        at: folder.reason?.at ?? '',
        requested_by: folder.reason?.requested_by ?? '',
      });
    }
  }
  return listed;
}
