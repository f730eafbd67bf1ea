import { appliedDocumentSchema } from '../../domain/apply/applied-document.ts';
import type { AppliedDocument } from '../../domain/apply/applied-document.ts';
import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/message-of.ts';
import { parseDocument } from '../files/parse-document.ts';
import { readIfPresent } from '../run-directory/file-entries.ts';
import { runPaths } from '../run-directory/paths.ts';
import { writeJsonAtomic } from '../run-directory/write-atomic.ts';

/**
 * `applied.json` of a run directory; null while nothing was applied.
 *
 * @throws CalibError naming the file when it cannot be understood
 */
export async function readApplied(runDir: string): Promise<AppliedDocument | null> {
  const path = runPaths.applied(runDir);
  const bytes = await readIfPresent(path);
  if (bytes === null) {
    return null;
  }
  try {
    return parseDocument(bytes, appliedDocumentSchema);
  } catch (cause) {
    throw new CalibError('invalid-input', `cannot understand ${path}: ${messageOf(cause)}`, {
      remedy: 'restore the file from a copy: it says what the one apply of the session did',
      cause,
    });
  }
}

/** Writes `applied.json` anew. @throws CalibError `not-ready` when the disk refuses */
export async function writeApplied(runDir: string, document: AppliedDocument): Promise<void> {
  await writeJsonAtomic(runPaths.applied(runDir), document);
}
