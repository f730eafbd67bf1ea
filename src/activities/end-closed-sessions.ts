import { endProcesses } from '../host/process/end-processes.ts';
import { findMarkedRepeats, findMarkedSessions } from '../host/process/find-marked-repeats.ts';
import { claimLeftBehind } from './claim-repeat.ts';
import { mirrorDirectory } from './member-plan.ts';
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
 * @param runRoot where this host has its directories of other hosts' sessions; null where it is in no pool
 */
export async function endClosedSessions(
  closed: (sessionId: string) => Promise<ClosedSession | null>,
  runRoot: string | null = null,
): Promise<string[]> {
  const lines: string[] = [];
  for (const mark of await findMarkedSessions()) {
    const known = await closed(mark.slice(0, mark.lastIndexOf('@')));
    const session = known === null ? null : placeOfMark(mark, known, runRoot);
    if (session === null) continue;
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

/** The session where it lies on this machine: its run directory, or as another host of its pool. */
function placeOfMark(mark: string, session: ClosedSession, runRoot: string | null): ClosedSession | null {
  const { session_id } = session;
  const places = runRoot === null ? [] : [{ session_id, run_dir: mirrorDirectory(runRoot, session_id) }];
  return [session, ...places].find((place) => sessionMark(place) === mark) ?? null;
}
