import { readFile } from 'node:fs/promises';

import { CalibError } from '../domain/calib-error.ts';
import { messageOf } from '../domain/message-of.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { sha256Of } from '../host/files/sha256-of.ts';

/**
 * The bytes of the catalog's `stages.yaml` that the plan was made from.
 *
 * @throws CalibError when it cannot be read or is no longer that file
 */
export async function readPlannedStagesFile(plan: SessionPlan): Promise<Buffer> {
  const bytes = await readFile(plan.stages_yaml).catch((cause: unknown) => {
    throw new CalibError('refused', `cannot read ${plan.stages_yaml}: ${messageOf(cause)}`, {
      remedy: 'make it readable for the worker, then start again',
      cause,
    });
  });
  if (sha256Of(bytes) === plan.stages_yaml_sha256) return bytes;
  throw new CalibError('refused', `${plan.stages_yaml} changed while the session was being started`, {
    remedy: 'start again',
  });
}
