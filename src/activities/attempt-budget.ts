import type { Attempt } from '../domain/observation/attempt.ts';
import { readAttempts } from '../host/run-directory/attempts-file.ts';
import { discardFolders } from '../host/run-directory/discard-reason.ts';
import type { Repeat } from './repeat.ts';

/** `requested_by` of the discards that make room for the next launch; any other is a fresh start, as a person's is. */
export const discardedByCalib = 'calib';

/**
 * `requested_by` of the discards on another host of a pool whose results its session no longer waits for: what it gives
 * that host later is a fresh start.
 */
export const discardedBySession = 'session';

/**
 * The finished attempts of this repeat that count against the present pass: those in place and those that were set
 * aside to run it again. What an operator purged, and what was aborted, costs nothing.
 *
 * @throws CalibError when a record is damaged or a folder cannot be read.
 */
export async function readSpentAttempts({ place, input }: Repeat): Promise<Attempt[]> {
  const folders = await discardFolders(place.runDir, place.namespace);
  const ofRepeat = folders.filter(({ repeat }) => repeat === place.repeat);
  const lastPurge = ofRepeat.findLastIndex(({ reason }) => reason?.requested_by !== discardedByCalib);
  const byNumber = new Map<number, Attempt>();
  for (const { path } of ofRepeat.slice(lastPurge + 1)) {
    // A damaged record that was set aside is no reason to stop: its launch is merely not counted.
    const attempts = await readAttempts({ ...place, runDir: path }).catch(() => []);
    for (const attempt of attempts) byNumber.set(attempt.n, attempt);
  }
  for (const attempt of await readAttempts(place)) byNumber.set(attempt.n, attempt);
  return [...byNumber.values()]
    .filter(({ pass, outcome }) => pass === input.pass && outcome !== 'aborted')
    .sort((a, b) => a.n - b.n);
}
