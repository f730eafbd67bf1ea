import { join, relative } from 'node:path';

import { readAttempts, type RepeatPlace } from './attempts-file.ts';
import { discardFolders } from './discard-repeat.ts';
import { namesIn } from './files.ts';
import { runPaths } from './paths.ts';

/** Repeat and attempt of a launch's folder by its name, `run<k>.attempt<a>` (`runPaths.launch`); null for another name. */
export function parseLaunchFolder(name: string): { repeat: number; attempt: number } | null {
  const [, repeat, attempt] = /^run(\d+)\.attempt(\d+)$/.exec(name) ?? [];
  return repeat === undefined ? null : { repeat: Number(repeat), attempt: Number(attempt) };
}

/**
 * Number for a launch that is still to be begun: one above every number that this (unit, repeat) ever used, in
 * `attempts.json`, as a launch folder or as a log, in its place or below `_discarded/`. So the evidence of one attempt
 * never takes the place of another's, however often the repeat is purged.
 *
 * Two calls give the same number until something of the new launch is on disk.
 *
 * @param first the lowest number that may be given: other hosts of a pool have used those below
 * @throws CalibError when a folder cannot be read.
 */
export async function nextAttemptNumber(place: RepeatPlace, first = 1): Promise<number> {
  const own = await numbersIn(runPaths.unit(place.runDir, place.namespace), place.repeat);
  const recorded = await recordedNumbers(place);
  const discarded = await discardedNumbers(place);
  return Math.max(first - 1, ...own, ...recorded, ...discarded) + 1;
}

/**
 * The newest attempt of this (unit, repeat) that has a launch folder in its place but no record of its end in
 * `attempts.json`: it is to be adopted, or found lost, before another is launched. Null when every launch is recorded.
 *
 * @throws CalibError when `attempts.json` is damaged or a folder cannot be read.
 */
export async function unrecordedAttempt(place: RepeatPlace): Promise<number | null> {
  const names = await namesIn(runPaths.unit(place.runDir, place.namespace));
  const launches = names.flatMap((name) => {
    const launch = parseLaunchFolder(name);
    return launch?.repeat === place.repeat ? [launch.attempt] : [];
  });
  const newest = Math.max(0, ...launches);
  if (newest === 0) return null;
  const recorded = await readAttempts(place);
  return recorded.some(({ n }) => n >= newest) ? null : newest;
}

/** A launch folder or a log; a discard that was interrupted may have appended `.2`. */
const ofAttempt = /^run(\d+)\.attempt(\d+)(?:\.|$)/;

async function numbersIn(folder: string, wanted: number): Promise<number[]> {
  return (await namesIn(folder)).flatMap((name) => {
    const [, repeat, attempt] = ofAttempt.exec(name) ?? [];
    return Number(repeat) === wanted ? [Number(attempt)] : [];
  });
}

/** A damaged record costs nothing here: its launches have folders and logs as well. */
async function recordedNumbers(place: RepeatPlace): Promise<number[]> {
  const attempts = await readAttempts(place).catch(() => []);
  return attempts.map(({ n }) => n);
}

async function discardedNumbers(place: RepeatPlace): Promise<number[]> {
  const unit = relative(place.runDir, runPaths.unit(place.runDir, place.namespace));
  const numbers: number[] = [];
  for (const folder of await discardFolders(place.runDir, place.namespace)) {
    if (folder.repeat !== place.repeat) continue;
    numbers.push(...(await numbersIn(join(folder.path, unit), place.repeat)));
    numbers.push(...(await recordedNumbers({ ...place, runDir: folder.path })));
  }
  return numbers;
}
