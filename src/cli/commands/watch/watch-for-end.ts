import { readRunLogTail } from '../../../host/run-directory/logs/run-log.ts';
import type { LocatedLogs } from '../logs/session-logs.ts';
import { type SessionClient, openSessionClient } from '../../session/session-client.ts';

/** Tells when a session has ended; to be closed. */
export interface SessionEnd {
  isOver: () => Promise<boolean>;
  close: () => Promise<void>;
}

const askEveryMs = 2000;
const askLimitMs = 5000;

/**
 * A session has ended when the last line of its `run.log` says so, or (terminated, or its last line could not be
 * written) when the server does. A server that does not answer for a while is no end; without one only `run.log` is
 * looked at, and a directory of the original tool never ends.
 */
export async function watchForEnd({ session, runDir, known }: LocatedLogs): Promise<SessionEnd> {
  const client = known ? await openSessionClient().catch(() => null) : null;
  let askedAtMs = 0;
  return {
    isOver: async () => {
      if (saysEnd(await readRunLogTail(runDir))) return true;
      if (client === null || Date.now() - askedAtMs < askEveryMs) return false;
      askedAtMs = Date.now();
      return await isClosed(client, session);
    },
    close: async () => await client?.close(),
  };
}

/** MAINTENANCE: the line that `Session.#close` in workflows/session.ts logs. */
function saysEnd(tail: string): boolean {
  const last = tail.trimEnd().split('\n').at(-1) ?? '';
  return /^\S+ session (completed|aborted|failed): /.test(last);
}

async function isClosed({ client, connection }: SessionClient, session: string): Promise<boolean> {
  try {
    const { status } = await connection.withDeadline(Date.now() + askLimitMs, async () =>
      client.workflow.getHandle(session).describe(),
    );
    return status.name !== 'RUNNING';
  } catch {
    return false;
  }
}
