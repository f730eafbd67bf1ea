import { utcTimestamp } from '../domain/clock.ts';
import { endProcesses } from '../host/process/end-processes.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { DiscardRepeatInput } from './activity-types.ts';
import { claimRepeat } from './claim-repeat.ts';
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
  const claim = await claimRepeat({ session_id: plan.session_id, namespace, repeat }, timing.busyRetryMs);
  try {
    await endProcesses({
      mark: { session: plan.session_id, namespace, repeat },
      baseTemp: runPaths.baseTemp(input.run_dir, namespace, repeat),
      graceMs: timing.graceMs,
      killWaitMs: timing.killWaitMs,
    });
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
