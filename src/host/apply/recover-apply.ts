import { dirname } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { cannotWrite, hasCode, jsonDocument } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';
import {
  type ApplyJournal,
  type ApplyPlace,
  type CopySide,
  hashOfFile,
  hashOn,
  type JournalledFile,
  readApplyJournal,
  readCopy,
  removeAllDrafts,
  replacementFiles,
  type ReplacementFiles,
  saveJournal,
  sidesOf,
  writeWhole,
} from './journal.ts';

/** `refused`: every file is as it was before the call, save for what somebody else did. */
export type ReplaceOutcome = { kind: 'replaced' } | { kind: 'refused'; reason: string };

/**
 * Ends what a crash interrupted: a change that was only prepared is given up, one that was committed is completed, or
 * taken back where somebody else has edited one of its files since.
 *
 * @returns null when nothing was pending, or what was pending had touched no file
 * @throws CalibError `not-ready` when a disk refuses: to be called again
 */
export async function recoverApply(
  runDir: string,
  files: ReplacementFiles = replacementFiles,
): Promise<ReplaceOutcome | null> {
  const journal = await readApplyJournal(runDir);
  if (journal === null || journal.state === 'done' || journal.state === 'reverted') {
    return null;
  }
  const place: ApplyPlace = { runDir, files };
  await removeAllDrafts(place, journal);
  switch (journal.state) {
    case 'prepared':
      await saveJournal(place, { ...journal, state: 'reverted' });
      return null;
    case 'committed':
      return await completeJournal(place, journal, new Map());
    case 'reverting':
      return await revertJournal(place, journal);
  }
}

/**
 * Brings every file of a committed journal to its new content and writes `applied.json`.
 *
 * @param drafts finished drafts beside the files, by file; missing ones are made
 */
export async function completeJournal(
  place: ApplyPlace,
  journal: ApplyJournal,
  drafts: ReadonlyMap<string, string>,
): Promise<ReplaceOutcome> {
  const { from, to } = sidesOf(journal);
  for (const [index, file] of journal.files.entries()) {
    const found = await hashOfFile(file.path);
    if (found === hashOn(file, to)) {
      continue;
    }
    const isForeign = found !== hashOn(file, from);
    const obstacle = isForeign
      ? `${file.path} was edited while files were being written`
      : await putContent({ place, file, index, side: to, draft: drafts.get(file.path) });
    if (obstacle !== null) {
      await removeAllDrafts(place, journal);
      const reverting: ApplyJournal = { ...journal, state: 'reverting', reason: obstacle };
      await saveJournal(place, reverting);
      return await revertJournal(place, reverting);
    }
  }
  await writeWhole(place, runPaths.applied(place.runDir), jsonDocument(journal.record));
  await saveJournal(place, { ...journal, state: 'done' });
  return { kind: 'replaced' };
}

/** Files that somebody else has edited stay as they are. */
async function revertJournal(place: ApplyPlace, journal: ApplyJournal): Promise<ReplaceOutcome> {
  const { from, to } = sidesOf(journal);
  for (const [index, file] of journal.files.entries()) {
    if ((await hashOfFile(file.path)) === hashOn(file, to)) {
      const obstacle = await putContent({ place, file, index, side: from, draft: undefined });
      if (obstacle !== null) {
        throw new CalibError('not-ready', obstacle, {
          remedy: 'it was written a moment ago: see what changed',
        });
      }
    }
  }
  await saveJournal(place, { ...journal, state: 'reverted' });
  return { kind: 'refused', reason: `${journal.reason ?? 'interrupted'}; all was taken back` };
}

/**
 * Gives a file one of its contents.
 *
 * @returns why it may not be replaced, null when it was
 * @throws CalibError `not-ready` for a refusal that may pass
 */
async function putContent(step: {
  place: ApplyPlace;
  file: JournalledFile;
  index: number;
  side: CopySide;
  draft: string | undefined;
}): Promise<string | null> {
  const { place, file, index, side } = step;
  try {
    const draft = step.draft ?? (await draftCopy({ place, file, index, side }));
    await place.files.rename(draft, file.path);
    await place.files.syncFolder(dirname(file.path));
    return null;
  } catch (error) {
    const refusal = error instanceof CalibError ? error : cannotWrite(file.path, error);
    if (isDenied(refusal)) {
      return refusal.message;
    }
    throw refusal;
  }
}

/** Errors that repeating does not cure: the file or folder may not be written, or its owner cannot be kept. */
const denied = ['EACCES', 'EPERM', 'EROFS', 'ENOENT'];

/** Whether a failed write is one that the operator has to cure. */
export function isDenied(error: CalibError): boolean {
  return denied.some((code) => hasCode(error.cause, code));
}

/** A draft of one of a file's contents beside it, with its mode and owner. @throws CalibError `not-ready` */
export async function draftCopy(copy: {
  place: ApplyPlace;
  file: JournalledFile;
  index: number;
  side: CopySide;
}): Promise<string> {
  const { place, file, index, side } = copy;
  const content = await readCopy({ runDir: place.runDir, file, index, side });
  try {
    const draft = await place.files.draft(file.path, content, 0o600);
    await place.files.likeOriginal(draft, file.path);
    return draft;
  } catch (error) {
    throw cannotWrite(file.path, error);
  }
}
