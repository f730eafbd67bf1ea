import { join } from 'node:path';

import { readIfPresent, writeFileAtomic } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';
import type { CopySide } from './journal.ts';

export interface StagesFilePlace {
  runDir: string;
  /** Absolute path of the catalog's `stages.yaml`. */
  file: string;
}

/**
 * Keeps the catalog's `stages.yaml` as it was before an apply's discovery wrote it anew; a second call keeps the first
 * copy.
 */
export async function keepStagesBefore(place: StagesFilePlace): Promise<void> {
  if ((await readIfPresent(copyPath(place, 'before'))) === null) {
    await keep(place, 'before');
  }
}

/** Keeps it as that discovery left it. */
export async function keepStagesAfter(place: StagesFilePlace): Promise<void> {
  await keep(place, 'after');
}

/**
 * Puts the earlier `stages.yaml` back where nobody has changed it since: an undo then leaves no other discovery times
 * behind. Otherwise it stays, and discovery brings its hashes up to date.
 */
export async function restoreStages(place: StagesFilePlace): Promise<void> {
  const [before, after] = [
    await readIfPresent(copyPath(place, 'before')),
    await readIfPresent(copyPath(place, 'after')),
  ];
  const present = await readIfPresent(place.file);
  if (before !== null && after !== null && present?.equals(after) === true) {
    await writeFileAtomic(place.file, before, { mode: 0o644 });
  }
}

async function keep(place: StagesFilePlace, side: CopySide): Promise<void> {
  const bytes = await readIfPresent(place.file);
  if (bytes !== null) {
    await writeFileAtomic(copyPath(place, side), bytes);
  }
}

function copyPath({ runDir }: StagesFilePlace, side: CopySide): string {
  return join(runPaths.applyFolder(runDir), side, 'stages.yaml');
}
