import { dirname } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/message-of.ts';
import { sha256Of } from '../files/sha256-of.ts';
import { readIfPresent } from '../run-directory/file-entries.ts';
import { runPaths } from '../run-directory/paths.ts';
import { cannotWrite, jsonDocument } from '../run-directory/write-atomic.ts';
import type { ApplyJournal } from './apply-journal.ts';
import { removeDrafts } from './replacement-files.ts';
import type { ReplacementFiles } from './replacement-files.ts';

/** Where an apply works, and by which steps. */
export interface ApplyPlace {
  runDir: string;
  files: ReplacementFiles;
}

/** Writes a file of the run directory whole or not at all. @throws CalibError `not-ready` */
export async function writeWhole(
  { files }: ApplyPlace,
  path: string,
  data: string | Uint8Array,
): Promise<void> {
  try {
    await files.makeFolder(dirname(path));
    await files.rename(await files.draft(path, data, 0o600), path);
    await files.syncFolder(dirname(path));
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

/** Writes the journal. @throws CalibError `not-ready` */
export async function saveJournal(place: ApplyPlace, journal: ApplyJournal): Promise<void> {
  await writeWhole(place, runPaths.applyJournal(place.runDir), jsonDocument(journal));
}

/** Removes the drafts beside every file of the journal. */
export async function removeAllDrafts({ files }: ApplyPlace, journal: ApplyJournal): Promise<void> {
  for (const { path } of journal.files) {
    await removeDrafts(path, files);
  }
}

/** SHA-256 (hex) of a file as it stands; null when there is none. @throws CalibError `not-ready` */
export async function hashOfFile(path: string): Promise<string | null> {
  try {
    const bytes = await readIfPresent(path);
    return bytes === null ? null : sha256Of(bytes);
  } catch (cause) {
    throw new CalibError('not-ready', `cannot read ${path}: ${messageOf(cause)}`, {
      remedy: 'check its permissions and its disk',
      cause,
    });
  }
}
