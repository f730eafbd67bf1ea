import { randomUUID } from 'node:crypto';

import { utcTimestamp } from '../domain/clock.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { unrecordedAttempt } from '../host/run-directory/attempt-numbers.ts';
import type { RepeatPlace } from '../host/run-directory/attempts-file.ts';
import { readCommitMarker } from '../host/run-directory/commit-marker-file.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { readDispatch, writeDispatch } from '../host/run-directory/dispatch-file.ts';
import { discardedBySession } from './attempt-budget.ts';
import { claimLeftBehind } from './claim-repeat.ts';
import { endRepeat } from './end-repeat.ts';
import type { RepeatTiming } from './repeat-timing.ts';

/**
 * When a host takes part again, nothing that it was given before is waited for: launches without a record are ended and set
 * aside, and what is recorded stays as it is but answers no later dispatch. A repeat that a worker here has in hand is left
 * alone.
 *
 * @param local the session's plan as it is here
 * @returns a line for each repeat that was set aside
 * @throws CalibError when the file system refuses
 */
export async function settleMirror(local: SessionPlan, timing: RepeatTiming): Promise<string[]> {
  const lines: string[] = [];
  const { session_id, run_dir } = local;
  for (const { namespace, stages } of local.units) {
    for (let repeat = 1; repeat <= local.repeats; repeat += 1) {
      const key = { session_id, run_dir, namespace, repeat };
      const place = { runDir: run_dir, namespace, repeat };
      const isUnrecorded = await hasUnrecorded(place);
      if (!isUnrecorded && (await readDispatch(place)) === null) continue;
      const claim = await claimLeftBehind(key);
      if (claim === null) continue;
      try {
        if (isUnrecorded) {
          await endRepeat(key, timing, { kind: 'cancelled', why: 'the session went on without this host' });
          await setAside(place, stages);
          lines.push(`${namespace} repeat ${repeat}: an unrecorded launch is set aside`);
        }
        await writeDispatch(place, null);
      } finally {
        await claim.release();
      }
    }
  }
  return lines;
}

/** A worker that died between commit and record left nothing but the record of the attempt undone. */
async function hasUnrecorded(place: RepeatPlace): Promise<boolean> {
  const attempt = await unrecordedAttempt(place);
  if (attempt === null) return false;
  const marker = await readCommitMarker(place);
  return marker?.attempt !== attempt;
}

async function setAside(place: RepeatPlace, stages: readonly string[]): Promise<void> {
  await discardRepeat({
    ...place,
    stages,
    reason: 'the session went on without this host',
    at: utcTimestamp(new Date()),
    requestedBy: discardedBySession,
    commandId: randomUUID(),
  });
}
