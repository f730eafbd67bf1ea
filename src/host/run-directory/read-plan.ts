import { readFile } from 'node:fs/promises';

import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/message-of.ts';
import { planSchema } from '../../domain/plan/plan.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { isAbsent } from '../files/has-code.ts';
import { parseDocument } from '../files/parse-document.ts';
import { runPaths } from './paths.ts';

/**
 * `plan.json` of a run directory, calib's or v0.6.0's (spec 05 §4).
 *
 * @throws CalibError when there is none (`no plan.json in <dir>`), or naming the file and the key that is wrong.
 */
export async function readPlan(runDir: string): Promise<Plan> {
  const path = runPaths.plan(runDir);
  try {
    return parseDocument(await readFile(path), planSchema);
  } catch (error) {
    if (isAbsent(error)) {
      throw new CalibError('not-ready', `no plan.json in ${runDir}`, {
        remedy: 'give the directory of a session, the one that `start` printed',
        cause: error,
      });
    }
    throw new CalibError('invalid-input', `corrupt ${path}: ${messageOf(error)}`, {
      remedy: 'restore the file from a copy; the audits cannot know what was planned without it',
      cause: error,
    });
  }
}
