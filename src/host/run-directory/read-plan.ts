import { readFile } from 'node:fs/promises';

import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/message-of.ts';
import { planSchema } from '../../domain/plan/plan.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { isAbsent } from '../files/has-code.ts';
import { runPaths } from './paths.ts';

/**
 * `plan.json` of a run directory, calib's or v0.6.0's (spec 05 §4).
 *
 * @throws CalibError when there is none (`no plan.json in <dir>`), or naming the file and the key that is wrong.
 */
export async function readPlan(runDir: string): Promise<Plan> {
  const path = runPaths.plan(runDir);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) {
      throw new CalibError('not-ready', `no plan.json in ${runDir}`, {
        remedy: 'give the directory of a session, the one that `start` printed',
        cause: error,
      });
    }
    throw corruptPlan(path, messageOf(error));
  }
  return parsePlan(text, path);
}

function parsePlan(text: string, path: string): Plan {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw corruptPlan(path, `not JSON: ${messageOf(error)}`);
  }
  const parsed = planSchema.safeParse(document);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw corruptPlan(path, `${issue?.path.join('.') || 'document'}: ${issue?.message ?? 'invalid'}`);
  }
  return parsed.data;
}

function corruptPlan(path: string, detail: string): CalibError {
  return new CalibError('invalid-input', `corrupt ${path}: ${detail}`, {
    remedy: 'restore the file from a copy; the audits cannot know what was planned without it',
  });
}
