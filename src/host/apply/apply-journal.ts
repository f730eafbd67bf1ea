import { join } from 'node:path';

import { z } from 'zod';

import { appliedDocumentSchema } from '../../domain/apply/applied-document.ts';
import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/message-of.ts';
import { parseDocument } from '../files/parse-document.ts';
import { sha256Of } from '../files/sha256-of.ts';
import { readIfPresent } from '../run-directory/file-entries.ts';
import { runPaths } from '../run-directory/paths.ts';

const journalledFileSchema = z.object({
  /** Absolute, links resolved. */
  path: z.string(),
  sha256_before: z.string(),
  sha256_after: z.string(),
});
export type JournalledFile = z.infer<typeof journalledFileSchema>;

/**
 * `_apply/journal.json`: how far the change of a set of files has got, so that a crash between two files ends with all of
 * them old or all of them new.
 *
 * `prepared`: copies are made, no file is touched: given up by the next call. `committed`: every file is to be brought to
 * its new content, whatever happens. `reverting`: somebody else's edit or a file that may not be replaced stands in the
 * way, so every file that was changed goes back. `reverted`, `done`: ended.
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
