import { dirname } from 'node:path';

import { type DurableFiles, cannotWrite } from './write-atomic.ts';

/** A file that is still to be written. */
export interface PlannedFile {
  /** Absolute. */
  path: string;
  text: string;
}

/**
 * Writes all files beside their places (0600) and fsyncs them before the first one is renamed: whatever refuses does so
 * while everything is as it was, and a crash between two renames leaves whole files only.
 *
 * @throws CalibError `not-ready` when the file system refuses.
 */
export async function writeTogether(planned: readonly PlannedFile[], files: DurableFiles): Promise<void> {
  const folders = new Set(planned.map(({ path }) => dirname(path)));
  const drafts: { from: string; to: string }[] = [];
  let current = '';
  try {
    for (const folder of folders) await files.makeFolder((current = folder));
    for (const { path, text } of planned) {
      drafts.push({ from: await files.draft((current = path), text, 0o600), to: path });
    }
    for (const { from, to } of drafts) await files.rename(from, (current = to));
    for (const folder of folders) await files.syncFolder((current = folder));
    // A new stage folder is itself an entry that a power cut must not lose.
    for (const folder of new Set([...folders].map((folder) => dirname(folder)))) {
      await files.syncFolder((current = folder));
    }
  } catch (error) {
    // A full disk is not to be filled further by every further try; renamed drafts are not there any more.
    for (const { from } of drafts) await files.drop(from);
    throw cannotWrite(current, error);
  }
}
