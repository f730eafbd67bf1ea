import { endProcesses } from '../host/process/end-processes.ts';
import { findMarkedRepeats, findMarkedSessions } from '../host/process/find-marked-repeats.ts';
import { claimLeftBehind } from './claim-repeat.ts';
import { sessionMark } from './session-mark.ts';

/** What tells a session from all others. */
export interface ClosedSession {
  session_id: string;
  run_dir: string;
}

/**
 * Ends what is left on this machine of sessions that were closed while no worker was there to hear of it: a session
 * terminated from outside leaves no pytest running. Gives a line for each process ended.
 *
 * @param closed the session of an id when the server has closed it; null for one that goes on, or is another server's
 */
export async function endClosedSessions(
  closed: (sessionId: string) => Promise<ClosedSession | null>,
): Promise<string[]> {
  const lines: string[] = [];
  for (const mark of await findMarkedSessions()) {
    const session = await closed(mark.slice(0, mark.lastIndexOf('@')));
    if (session === null || sessionMark(session) !== mark) continue;
    for (const marked of await findMarkedRepeats(mark)) {
      const claim = await claimLeftBehind({ ...session, ...marked });
      if (claim === null) continue;
      try {
        const { ended } = await endProcesses({ mark: { session: mark, ...marked } });
        const whose = `${marked.namespace} run ${marked.repeat} of closed session ${session.session_id}`;
        lines.push(...ended.map(({ pid, command }) => `ended pid ${pid} of ${whose} (${command})`));
      } finally {
        await claim.release();
      }
    }
  }
  return lines;
}
