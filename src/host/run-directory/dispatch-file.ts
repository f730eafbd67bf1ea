import { z } from 'zod';

import { parseDocument } from '../files/parse-document.ts';
import type { RepeatPlace } from './attempts-file.ts';
import { readIfPresent } from './file-entries.ts';
import { runPaths } from './paths.ts';
import { writeJsonAtomic } from './write-atomic.ts';

const dispatchSchema = z.object({
  schema: z.literal('calib.dispatch/1'),
  /** The session's number of it; null: of one that the session does not wait for any more. */
  dispatch: z.number().int().nullable(),
});

/**
 * The dispatch that a repeat's files on another host of a pool are of; null where none is recorded or none is waited for.
 * A damaged record is none: the files are then set aside rather than taken for an answer.
 */
export async function readDispatch(place: RepeatPlace): Promise<number | null> {
  const bytes = await readIfPresent(runPaths.dispatch(place.runDir, place.namespace, place.repeat));
  if (bytes === null) return null;
  try {
    return parseDocument(bytes, dispatchSchema).dispatch;
  } catch {
    return null;
  }
}

/** @throws CalibError when the file system refuses */
export async function writeDispatch(place: RepeatPlace, dispatch: number | null): Promise<void> {
  const path = runPaths.dispatch(place.runDir, place.namespace, place.repeat);
  await writeJsonAtomic(path, { schema: 'calib.dispatch/1', dispatch });
}
