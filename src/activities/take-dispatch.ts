import { randomUUID } from 'node:crypto';

import { utcTimestamp } from '../domain/clock.ts';
import { readAttempts } from '../host/run-directory/attempts-file.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { readDispatch, writeDispatch } from '../host/run-directory/dispatch-file.ts';
import type { RepeatHeartbeat } from './activity-types.ts';
import { discardedBySession } from './attempt-budget.ts';
import { endRepeat } from './end-repeat.ts';
import { type Repeat, logLines } from './repeat.ts';

/**
 * On another host of a pool: sets aside what is there of an earlier dispatch of this repeat, pytest ended first, because
 * the session has gone on without it. What is there of the same dispatch stays, to be adopted or returned. Does nothing in
 * the session's own run directory.
 *
 * @throws CalibError when the file system refuses; called again, it goes on where it was
 */
export async function takeDispatch(repeat: Repeat): Promise<void> {
  const { input, place, files, unit, timing } = repeat;
  const { dispatch } = input;
  if (files.plan.mirror_of === undefined || dispatch === undefined) return;
  if ((await readDispatch(place)) === dispatch) return;
  if (!input.reextract || !(await hasNewestAttempt(repeat))) {
    repeat.heartbeats.say(endingBeat);
    await endRepeat(input, timing, { kind: 'cancelled', why: 'given out anew by the session' });
    const discarded = await discardRepeat({
      ...place,
      stages: unit.stages,
      reason: `the session gave this repeat out anew (dispatch ${dispatch})`,
      at: utcTimestamp(new Date()),
      requestedBy: discardedBySession,
      // Numbers of dispatches begin anew when a session is resumed: they would take an old discard for this one.
      commandId: randomUUID(),
    });
    if (discarded.kind === 'discarded') {
      await logLines(
        repeat,
        `[${input.namespace}] run ${input.repeat}: what an earlier dispatch left is set aside`,
      );
    }
  }
  await writeDispatch(place, dispatch);
}

/** Said before it is known whether there is anything: processes may take longer to end than heartbeats may be silent. */
const endingBeat: RepeatHeartbeat = {
  state: 'ending',
  text: 'clearing away what an earlier dispatch left',
  attempt: 0,
  launch_dir: '',
  lane: null,
  seconds: 0,
};

/** Whether the artifacts that are to be read again can be this host's: no other host has launched the repeat since. */
async function hasNewestAttempt({ input, place }: Repeat): Promise<boolean> {
  const newest = (await readAttempts(place)).at(-1)?.n ?? 0;
  return newest >= (input.first_attempt ?? 1) - 1;
}
