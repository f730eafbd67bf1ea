import { randomUUID } from 'node:crypto';

import { WorkflowUpdateFailedError } from '@temporalio/client';

import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/text.ts';
import type { CommandKind, CommandPayload } from '../../domain/session/commands.ts';
import type { CommandReply } from '../../domain/session/session-state.ts';
import { commandUpdates } from '../../workflows/messages.ts';
import { answer, answerJson, exitCode, note } from '../output.ts';
import { requireWorker, resolveSession, type SessionClient, withSessionClient } from './session-client.ts';

/** A purge moves files and an apply edits them: seconds, but never silently for ever. */
const answerLimitMs = 120_000;

/** Sends a command as an update and prints the session's answer; sets exit code 1 when it was not accepted. */
export async function sendCommand(
  reference: string,
  kind: CommandKind,
  payload: CommandPayload,
  json: boolean,
): Promise<void> {
  await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference);
    await requireWorker(client);
    const reply = await deliverCommand(client, session, kind, payload);
    if (json) answerJson({ session, command: kind, ...reply });
    else if (reply.accepted) answer(reply.message);
    else note(`refused: ${reply.message}`);
    if (!reply.accepted) process.exitCode = exitCode.notReady;
  });
}

/** Delivers one command with an id of its own, so that asking again after a lost answer changes nothing twice. */
export async function deliverCommand(
  client: SessionClient,
  session: string,
  kind: CommandKind,
  payload: CommandPayload,
): Promise<CommandReply> {
  const id = randomUUID();
  const handle = client.client.workflow.getHandle(session);
  try {
    return await client.connection.withDeadline(Date.now() + answerLimitMs, () =>
      handle.executeUpdate<CommandReply, [CommandPayload]>(commandUpdates[kind].name, {
        args: [{ ...payload, id }],
        updateId: id,
      }),
    );
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      return { accepted: false, message: error.cause?.message ?? error.message };
    }
    if (error instanceof Error && /not found|already completed/i.test(error.message)) {
      return { accepted: false, message: 'the session has ended' };
    }
    throw new CalibError('unreachable', `no answer to ${kind}: ${messageOf(error)}`, {
      remedy: `it may have been taken all the same: look with \`calib query ${session} status\` before sending it again`,
      cause: error,
    });
  }
}
