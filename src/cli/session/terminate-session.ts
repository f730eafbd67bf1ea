import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/text.ts';
import { hasPoller, type SessionClient } from './session-client.ts';
import { workflowTaskQueue } from '../../workflows/messages.ts';

/** A workflow task that failed this often in a row will not pass by itself. */
const stuckAttempts = 3;

/** How long an activity of a living worker has to notice that its session is gone: its heartbeats tell it. */
const noticeMs = 45_000;

/** Why a session cannot take a command at present; null where nothing is known to stand in its way. */
export async function whyUnanswering(client: SessionClient, session: string): Promise<string | null> {
  if (!(await hasPoller(client, workflowTaskQueue, 'workflow'))) {
    return `no worker polls task queue ${workflowTaskQueue}`;
  }
  const { raw, status } = await client.client.workflow.getHandle(session).describe();
  const attempt = raw.pendingWorkflowTask?.attempt ?? 0;
  if (status.name !== 'RUNNING' || attempt < stuckAttempts) return null;
  return `its workflow task has failed ${attempt - 1} times in a row`;
}

/**
 * Ends a session that cannot answer, and what runs of its pytest on this machine. Records stay as they are; the directory
 * can be carried on.
 *
 * @returns what was done, a line each
 * @throws CalibError `unreachable` when the server does not take it
 */
export async function terminateSession(
  client: SessionClient,
  session: string,
  reason: string,
): Promise<string[]> {
  try {
    await client.client.workflow.getHandle(session).terminate(reason);
  } catch (cause) {
    throw new CalibError('unreachable', `session ${session} was not terminated: ${messageOf(cause)}`, {
      cause,
    });
  }
  const { endTerminatedSession } = await import('../../worker/orphaned-tests.ts');
  const { ended, left } = await endTerminatedSession(client.client, session, noticeMs);
  return [
    `terminated: ${session}; what it recorded is kept`,
    ...ended,
    left > 0
      ? `${left} of its repeats still run here: a worker on this host ends them within a minute`
      : 'nothing of it runs on this machine; on other hosts their workers end it within a minute',
  ];
}
