import { chmod, chown, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { z } from 'zod';

import { appliedDocumentSchema } from '../../domain/apply/applied-document.ts';
import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/text.ts';
import {
  cannotWrite,
  type DurableFiles,
  durableFiles,
  isTemporaryName,
  jsonDocument,
  parseDocument,
  readIfPresent,
  sha256Of,
} from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';

const journalledFileSchema = z.object({
  /** Absolute, links resolved. */
  path: z.string(),
  sha256_before: z.string(),
  sha256_after: z.string(),
});
export type JournalledFile = z.infer<typeof journalledFileSchema>;

/**
 * `_apply/journal.json`: how far the change of a set of files has got, so that a crash between two files ends with
 * all of them old or all of them new.
 *
 * `prepared`: copies are made, no file is touched: given up by the next call. `committed`: every file is to be
 * brought to its new content, whatever happens. `reverting`: somebody else's edit or a file that may not be replaced
 * stands in the way, so every file that was changed goes back. `reverted`, `done`: ended.
 */
const applyJournalSchema = z.object({
  schema: z.literal('calib.apply-journal/1'),
  /** `undo` brings the files back to what they were before the apply. */
  direction: z.enum(['apply', 'undo']),
  state: z.enum(['prepared', 'committed', 'reverting', 'reverted', 'done']),
  files: z.array(journalledFileSchema),
  /** What `applied.json` says once the files are changed. */
  record: appliedDocumentSchema,
  /** Why the files go back; given from `reverting` on. */
  reason: z.string().optional(),
});
export type ApplyJournal = z.infer<typeof applyJournalSchema>;

/** Which of a file's two contents is meant. */
export type CopySide = 'before' | 'after';

/** Where the run directory keeps a copy of the n-th journalled file (from 0). */
export function copyPath(copy: { runDir: string; side: CopySide; index: number }): string {
  return join(runPaths.applyFolder(copy.runDir), copy.side, `${copy.index}.py`);
}

/**
 * The journal of a run directory; null when no apply was ever begun.
 *
 * @throws CalibError naming the file when it cannot be understood
 */
export async function readApplyJournal(runDir: string): Promise<ApplyJournal | null> {
  const path = runPaths.applyJournal(runDir);
  const bytes = await readIfPresent(path);
  if (bytes === null) {
    return null;
  }
  try {
    return parseDocument(bytes, applyJournalSchema);
  } catch (cause) {
    throw new CalibError('invalid-input', `cannot understand ${path}: ${messageOf(cause)}`, {
      remedy: 'an apply may be half done: compare the files with the copies in the same folder',
      cause,
    });
  }
}

/** The content that the journal's direction starts from, and the one it leads to. */
export function sidesOf({ direction }: ApplyJournal): { from: CopySide; to: CopySide } {
  return direction === 'apply' ? { from: 'before', to: 'after' } : { from: 'after', to: 'before' };
}

/** The hash of one of a file's two contents. */
export function hashOn(file: JournalledFile, side: CopySide): string {
  return side === 'before' ? file.sha256_before : file.sha256_after;
}

/**
 * The run directory's copy of a file's content.
 *
 * @throws CalibError when it is missing or is not what was journalled
 */
export async function readCopy(copy: {
  runDir: string;
  file: JournalledFile;
  index: number;
  side: CopySide;
}): Promise<Buffer> {
  const { runDir, file, index, side } = copy;
  const path = copyPath({ runDir, side, index });
  const bytes = await readIfPresent(path);
  if (bytes !== null && sha256Of(bytes) === hashOn(file, side)) {
    return bytes;
  }
  const what = bytes === null ? 'is missing' : 'was changed since it was written';
  throw new CalibError('invalid-input', `${path}, the copy of ${file.path} ${side} the apply, ${what}`, {
    remedy: `restore ${file.path} by hand, for example with git`,
  });
}

/** The steps by which an apply changes files; tests replace them to fail at a chosen one. */
export interface ReplacementFiles extends DurableFiles {
  /** Gives `draft` the mode and the owner of `original`. */
  likeOriginal: (draft: string, original: string) => Promise<void>;
}

/** The real file system. */
export const replacementFiles: ReplacementFiles = {
  ...durableFiles,
  likeOriginal: async (draft, original) => {
    const [made, wanted] = [await stat(draft), await stat(original)];
    if (made.uid !== wanted.uid || made.gid !== wanted.gid) {
      await chown(draft, wanted.uid, wanted.gid);
    }
    // After the owner: changing it clears the set-id bits.
    await chmod(draft, wanted.mode & 0o7777);
    const handle = await open(draft, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** Removes what an interrupted apply left beside a file: in the checkout it would count as somebody's change. */
export async function removeDrafts(path: string, files: ReplacementFiles): Promise<void> {
  const folder = dirname(path);
  const prefix = `.${basename(path)}.`;
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    if (name.startsWith(prefix) && isTemporaryName(name)) {
      await files.drop(join(folder, name));
    }
  }
}

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
