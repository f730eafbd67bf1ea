import { utcTimestamp } from '../domain/clock.ts';
import { adoptLaunch } from '../host/process/adopt-launch.ts';
import { endProcesses } from '../host/process/end-processes.ts';
import { launchRequestSchema } from '../host/process/launch-documents.ts';
import { launchFiles } from '../host/process/launch-files.ts';
import { readLaunchDocument } from '../host/process/read-launch-document.ts';
import { unrecordedAttempt } from '../host/run-directory/attempt-numbers.ts';
import type { RepeatPlace } from '../host/run-directory/attempts-file.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { DiscardRepeatInput } from './activity-types.ts';
import { claimRepeat } from './claim-repeat.ts';
import { stopText } from './stop-text.ts';
import { defaultTiming } from './repeat-timing.ts';
import { readSessionFiles, unitOf } from './session-files.ts';
import { sessionMark } from './session-mark.ts';

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
    await endUnrecorded({ runDir: input.run_dir, namespace, repeat });
    await endProcesses({
      mark: { session: sessionMark(session), namespace, repeat },
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

/** Stops a run that goes on without a worker, and waits for its supervisor: its folder is about to move. */
async function endUnrecorded(place: RepeatPlace): Promise<void> {
  const attempt = await unrecordedAttempt(place);
  if (attempt === null) return;
  const launchDir = runPaths.launch(place.runDir, place.namespace, place.repeat, attempt);
  const request = await readLaunchDocument(launchFiles.request(launchDir), launchRequestSchema);
  if (request.kind !== 'read') return;
  const adoption = await adoptLaunch(launchDir, request.document.token);
  if (adoption.state !== 'running') return;
  await adoption.handle.requestStop(stopText({ kind: 'cancelled', why: 'purged' }));
  await adoption.handle.waitForExit();
}
