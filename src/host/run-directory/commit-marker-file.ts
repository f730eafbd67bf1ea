import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/message-of.ts';
import { type CommitMarker, commitMarkerSchema } from '../../domain/observation/commit-marker.ts';
import { parseDocument } from '../files/parse-document.ts';
import type { RepeatPlace } from './attempts-file.ts';
import { readIfPresent } from './file-entries.ts';
import { runPaths } from './paths.ts';

/**
 * The commit marker of a (unit, repeat), or null when nothing was committed.
 *
 * @throws CalibError when the file is there but not a `calib.repeat/1` document.
 */
export async function readCommitMarker(place: RepeatPlace): Promise<CommitMarker | null> {
  const path = runPaths.commitMarker(place.runDir, place.namespace, place.repeat);
  const bytes = await readIfPresent(path);
  if (bytes === null) return null;
  try {
    return parseDocument(bytes, commitMarkerSchema);
  } catch (cause) {
    throw new CalibError('not-ready', `${path} is not a calib.repeat/1 document: ${messageOf(cause)}`, {
      remedy: `purge this repeat (${place.namespace}, ${place.repeat}); its files are kept in _discarded/`,
      cause,
    });
  }
}
