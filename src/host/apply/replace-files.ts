import type { AppliedDocument } from '../../domain/apply/applied-document.ts';
import { CalibError } from '../../domain/calib-error.ts';
import { sha256Of } from '../run-directory/files.ts';
import {
  type ApplyJournal,
  type ApplyPlace,
  copyPath,
  type CopySide,
  hashOfFile,
  hashOn,
  type JournalledFile,
  removeAllDrafts,
  replacementFiles,
  type ReplacementFiles,
  saveJournal,
  sidesOf,
  writeWhole,
} from './journal.ts';
import { completeJournal, draftCopy, isDenied, type ReplaceOutcome } from './recover-apply.ts';

/** A file's whole content, old and new. */
export interface FileChange {
  /** Absolute, links resolved, a regular file. */
  path: string;
  before: Uint8Array;
  after: Uint8Array;
}

export interface ReplaceOptions {
  runDir: string;
  changes: readonly FileChange[];
  /** What `applied.json` says afterwards; written when all files are. */
  record: AppliedDocument;
}

/**
 * Changes all files or none and records it: copies of both contents and a journal in the run directory,
 * drafts beside the files, then renames. What a crash interrupts, `recoverApply` ends; the caller runs it first.
 *
 * @throws CalibError `not-ready` when a disk refuses; the journal then says how far it got
 */
export async function replaceFiles(
  { runDir, changes, record }: ReplaceOptions,
  files: ReplacementFiles = replacementFiles,
): Promise<ReplaceOutcome> {
  const place: ApplyPlace = { runDir, files };
  for (const [index, change] of changes.entries()) {
    await writeWhole(place, copyPath({ runDir, side: 'before', index }), change.before);
    await writeWhole(place, copyPath({ runDir, side: 'after', index }), change.after);
  }
  return await begin(place, {
    schema: 'calib.apply-journal/1',
    direction: 'apply',
    state: 'prepared',
    files: changes.map(({ path, before, after }) => ({
      path,
      sha256_before: sha256Of(before),
      sha256_after: sha256Of(after),
    })),
    record,
  });
}

/**
 * Brings the files of a finished apply back to their old bytes, all or none.
 *
 * @throws CalibError as {@link replaceFiles}
 */
export async function restoreFiles(
  { runDir, journal, record }: { runDir: string; journal: ApplyJournal; record: AppliedDocument },
  files: ReplacementFiles = replacementFiles,
): Promise<ReplaceOutcome> {
  return await begin({ runDir, files }, { ...journal, direction: 'undo', state: 'prepared', record });
}

async function begin(place: ApplyPlace, journal: ApplyJournal): Promise<ReplaceOutcome> {
  const { from, to } = sidesOf(journal);
  await saveJournal(place, journal);
  const drafts = new Map<string, string>();
  for (const [index, file] of journal.files.entries()) {
    const made = await draftOrReason({ place, file, index, side: to });
    if ('reason' in made) {
      return await giveUp(place, journal, made.reason);
    }
    drafts.set(file.path, made.draft);
  }
  for (const file of journal.files) {
    if ((await hashOfFile(file.path)) !== hashOn(file, from)) {
      return await giveUp(place, journal, `${file.path} was edited in the meantime`);
    }
  }
  const committed: ApplyJournal = { ...journal, state: 'committed' };
  await saveJournal(place, committed);
  return await completeJournal(place, committed, drafts);
}

async function draftOrReason(wanted: {
  place: ApplyPlace;
  file: JournalledFile;
  index: number;
  side: CopySide;
}): Promise<{ draft: string } | { reason: string }> {
  try {
    return { draft: await draftCopy(wanted) };
  } catch (error) {
    if (error instanceof CalibError && isDenied(error)) {
      return { reason: error.message };
    }
    throw error;
  }
}

async function giveUp(place: ApplyPlace, journal: ApplyJournal, reason: string): Promise<ReplaceOutcome> {
  await removeAllDrafts(place, journal);
  await saveJournal(place, { ...journal, state: 'reverted' });
  return { kind: 'refused', reason };
}
