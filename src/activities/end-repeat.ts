import type { OwnStop } from '../domain/pytest/classify-end.ts';
import { adoptLaunch } from '../host/process/adopt-launch.ts';
import { endProcesses } from '../host/process/end-processes.ts';
import { launchRequestSchema } from '../host/process/launch-documents.ts';
import { launchFiles } from '../host/process/launch-files.ts';
import { readLaunchDocument } from '../host/process/read-launch-document.ts';
import { unrecordedAttempt } from '../host/run-directory/attempt-numbers.ts';
import type { RepeatPlace } from '../host/run-directory/attempts-file.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import type { RepeatKey } from './claim-repeat.ts';
import type { RepeatTiming } from './repeat-timing.ts';
import { sessionMark } from './session-mark.ts';
import { stopText } from './stop-text.ts';

/**
 * Ends what runs of a repeat on this machine, a launch that goes on without a worker included: its files are about to be
 * set aside. The caller holds the repeat's claim.
 *
 * @param timing how long processes have to end, milliseconds
 */
export async function endRepeat(
  key: RepeatKey,
  timing: Pick<RepeatTiming, 'graceMs' | 'killWaitMs'>,
  stop: OwnStop,
): Promise<void> {
  const { run_dir: runDir, namespace, repeat } = key;
  await endUnrecorded({ runDir, namespace, repeat }, stop);
  await endProcesses({
    mark: { session: sessionMark(key), namespace, repeat },
    baseTemp: runPaths.baseTemp(runDir, namespace, repeat),
    graceMs: timing.graceMs,
    killWaitMs: timing.killWaitMs,
  });
}

/** Stops a run that goes on without a worker, and waits for its supervisor: its folder is about to move. */
async function endUnrecorded(place: RepeatPlace, stop: OwnStop): Promise<void> {
  const attempt = await unrecordedAttempt(place);
  if (attempt === null) return;
  const launchDir = runPaths.launch(place.runDir, place.namespace, place.repeat, attempt);
  const request = await readLaunchDocument(launchFiles.request(launchDir), launchRequestSchema);
  if (request.kind !== 'read') return;
  const adoption = await adoptLaunch(launchDir, request.document.token);
  if (adoption.state !== 'running') return;
  await adoption.handle.requestStop(stopText(stop));
  await adoption.handle.waitForExit();
}
