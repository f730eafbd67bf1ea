import { join } from 'node:path';

import { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import type { PrecheckDocument } from '../../domain/precheck/precheck-document.ts';
import { readIfPresent } from '../run-directory/file-entries.ts';
import { runPaths } from '../run-directory/paths.ts';
import { readPlan } from '../run-directory/read-plan.ts';
import { writeFileAtomic, writeJsonAtomic } from '../run-directory/write-atomic.ts';
import { parseJson } from './parse-json.ts';

/**
 * Refuses a folder whose `precheck.json` is somebody else's: that of a session, for a precheck that stands alone, or of
 * another session (spec 04 §9). Call it before anything is checked.
 *
 * @param sessionId null for a precheck that stands alone
 * @throws CalibError `refused`
 */
export async function refuseForeignDirectory(dir: string, sessionId: string | null): Promise<void> {
  if ((await readIfPresent(runPaths.plan(dir))) === null) {
    return;
  }
  const owner = (await readPlan(dir)).session_id;
  // A directory of tune.py records no id; only the session that resumed it gets here with one.
  if (sessionId !== null && (owner === undefined || owner === sessionId)) {
    return;
  }
  throw new CalibError(
    'refused',
    `${dir} belongs to session ${owner ?? '(made by tune.py)'}: its precheck.json stays`,
    {
      remedy: 'give another folder to --output-dir',
    },
  );
}

const recordedSchema = z.looseObject({ timestamp: z.string() });

/**
 * Writes `precheck.json` whole. The record of an earlier start of the same session, which its observations ran under, is
 * kept beside it by its time.
 *
 * @throws CalibError `refused` as `refuseForeignDirectory`, `not-ready` when the file system refuses
 */
export async function writePrecheck(dir: string, document: PrecheckDocument): Promise<string> {
  await refuseForeignDirectory(dir, document.session_id);
  const path = runPaths.precheck(dir);
  const earlier = document.session_id === null ? null : await readIfPresent(path);
  if (earlier !== null) {
    await keepEarlier(dir, earlier, document);
  }
  await writeJsonAtomic(path, document);
  return path;
}

async function keepEarlier(dir: string, earlier: Buffer, { timestamp }: PrecheckDocument): Promise<void> {
  const recorded = recordedSchema.safeParse(parseJson(earlier.toString('utf8')));
  const at = recorded.success ? recorded.data.timestamp.replaceAll(/[^0-9TZ]/g, '') : 'damaged';
  if (!recorded.success || recorded.data.timestamp !== timestamp) {
    await writeFileAtomic(join(dir, `precheck.${at}.json`), earlier);
  }
}
