import { type EndedProcesses, endProcesses } from '../host/process/end-processes.ts';
import { findMarkedRepeats } from '../host/process/find-marked-repeats.ts';
import type { LaunchIdentity } from '../host/process/launch-documents.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { claimAbandoned } from './claim-repeat.ts';
import { type Repeat, logLines } from './repeat.ts';
import { sessionMark } from './session-mark.ts';

/** Ends what this repeat started on this machine, orphans included; the caller holds its claim. */
export async function endOwnProcesses(
  { input, place, timing }: Repeat,
  identity: LaunchIdentity | null,
): Promise<EndedProcesses> {
  return await endProcesses({
    mark: { session: sessionMark(input), namespace: input.namespace, repeat: input.repeat },
    baseTemp: runPaths.baseTemp(place.runDir, place.namespace, place.repeat),
    graceMs: timing.graceMs,
    killWaitMs: timing.killWaitMs,
    ...(identity === null ? {} : { identity }),
  });
}

/**
 * Ends orphans of this session's other repeats, such as a server whose worker was killed with it: the 70 GiB that
 * `nvidia-smi` shows without a process (spec 05 §7, §8). A repeat that somebody works on is left alone.
 */
export async function endStrayProcesses(repeat: Repeat): Promise<void> {
  const { input, timing } = repeat;
  const session = sessionMark(input);
  for (const marked of await findMarkedRepeats(session)) {
    if (marked.namespace === input.namespace && marked.repeat === input.repeat) continue;
    const claim = await claimAbandoned({ ...input, ...marked });
    if (claim === null) continue;
    try {
      const { ended } = await endProcesses({
        mark: { session, ...marked },
        graceMs: timing.graceMs,
        killWaitMs: timing.killWaitMs,
      });
      const whose = `${marked.namespace} run ${marked.repeat}`;
      const lines = ended.map(({ pid, command }) => `  ended orphan of ${whose}: pid ${pid} (${command})`);
      await logLines(repeat, ...lines);
    } finally {
      await claim.release();
    }
  }
}
