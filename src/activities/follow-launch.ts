import { Context } from '@temporalio/activity';

import type { LaunchEnd, LaunchHandle } from '../host/process/launch-handle.ts';
import { endLaunch } from './end-launch.ts';
import { leaveOrStop } from './leave-or-stop.ts';
import { LaunchWatch, type WatchStart } from './launch-watch.ts';
import type { Ended, Launch, Repeat } from './repeat.ts';
import { stopText } from './stop-text.ts';

/**
 * Follows a running launch to its end and gives its lane back, ending it where the watch says so.
 *
 * @throws the cancellation's reason when cancelled, after pytest was stopped or left alone as its kind demands.
 */
export async function followLaunch(
  repeat: Repeat,
  launch: Launch,
  run: WatchStart & { handle: LaunchHandle; holdsLane?: boolean },
): Promise<Ended> {
  const { handle } = run;
  const context = Context.current();
  const watch = new LaunchWatch(repeat, launch, run);
  let end: LaunchEnd;
  try {
    end = await handle.waitForExit({
      signal: context.cancellationSignal,
      onTick: async () => {
        const stop = await watch.look();
        if (stop !== null) await handle.requestStop(stopText(stop));
      },
    });
  } catch (error) {
    await watch.close();
    if (context.cancellationSignal.aborted) await leaveOrStop(repeat, launch, handle);
    throw error;
  }
  return await endLaunch(repeat, launch, {
    exit: end.state === 'ended' ? end.exit : null,
    lost: end.state === 'lost' ? end.reason : null,
    identity: handle.identity,
    watch,
    holdsLane: run.holdsLane ?? true,
  });
}
