import { utcTimestamp } from '../domain/clock.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { DiscardRepeatInput } from './activity-types.ts';
import { claimRepeat } from './claim-repeat.ts';
import { endRepeat } from './end-repeat.ts';
import { defaultTiming } from './repeat-timing.ts';
import { readSessionFiles, unitOf } from './session-files.ts';

/**
 * Sets a whole (unit, repeat) aside because a person asked for it, after ending what may still run of it.
 *
 * @throws ApplicationFailure `RepeatBusy`, retryable, while the repeat is being worked on.
 */
export async function purgeRepeat(input: DiscardRepeatInput, deps: ActivityDependencies): Promise<void> {
  const { plan } = await readSessionFiles(input.run_dir);
  const timing = { ...defaultTiming, ...deps.timing };
  const { namespace, repeat } = input;
  const session = { session_id: plan.session_id, run_dir: input.run_dir };
  const claim = await claimRepeat({ ...session, namespace, repeat }, timing.busyRetryMs);
  try {
    await endRepeat({ ...session, namespace, repeat }, timing, { kind: 'cancelled', why: 'purged' });
    await discardRepeat({
      runDir: input.run_dir,
      namespace,
      repeat,
      stages: unitOf(plan, namespace).stages,
      reason: input.reason,
      at: utcTimestamp(new Date()),
      requestedBy: 'operator',
      commandId: input.command_id,
    });
  } finally {
    await claim.release();
  }
}
