import { randomUUID } from 'node:crypto';

import { WorkflowUpdateFailedError } from '@temporalio/client';

import { askConfirmation, processTerminal, type Terminal } from '../commands/apply/apply-prompts.ts';
import type { CliContext } from '../options.ts';
import { CalibError } from '../../domain/calib-error.ts';
import { messageOf } from '../../domain/text.ts';
import type { CommandKind, CommandPayload } from '../../domain/session/commands.ts';
import type { CommandReply } from '../../domain/session/session-state.ts';
import { commandUpdates } from '../../workflows/messages.ts';
import { exitCode } from '../exit-code.ts';
import { answer, answerJson, note } from '../output.ts';
import { resolveSession } from './resolve-session.ts';
import { requireWorker, type SessionClient, withSessionClient } from './session-client.ts';
import { terminateSession, whyUnanswering } from './terminate-session.ts';

/** A purge moves files and an apply edits them: seconds, but never silently for ever. */
const answerLimitMs = 120_000;

/** An abort is answered at once, before anything is stopped. */
const abortLimitMs = 30_000;

/** What the operator wants done to which session. */
export interface CommandRequest {
  reference: string;
  kind: CommandKind;
  payload: CommandPayload;
  /** Yes to whatever would be asked, on a terminal or not. */
  yes: boolean;
}

/**
 * Sends a command as an update and prints the session's answer; sets exit code 1 when it was not accepted. What ends a
 * session asks first on a terminal, naming it; an abort of a session that cannot answer offers to terminate it.
 */
export async function sendCommand(
  context: Pick<CliContext, 'repoRoot' | 'any' | 'json'>,
  request: CommandRequest,
): Promise<void> {
  const { reference, kind } = request;
  await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference, context);
    const asked = { ...request, session, terminal: processTerminal(context.json) };
    const reply = (await unconfirmed(asked)) ?? (await replyTo(client, asked));
    if (context.json) answerJson({ session, command: kind, ...reply });
    else if (reply.accepted) answer(reply.message);
    else note(`refused: ${reply.message}`);
    if (!reply.accepted) process.exitCode = exitCode.notReady;
  });
}

type Asked = CommandRequest & { session: string; terminal: Terminal | null };

const questions: Partial<Record<CommandKind, string>> = {
  abort: 'A running pytest is stopped, what is recorded is kept, and the session ends.',
  apply: 'A session is decided once, then it ends.',
};

/** The reply to a command that the operator has taken back at the prompt; null to go on. */
async function unconfirmed({ kind, session, terminal, yes }: Asked): Promise<CommandReply | null> {
  const question = questions[kind];
  if (question === undefined || terminal === null || yes) return null;
  const goOn = await askConfirmation(terminal, `${kind} ${session}? ${question}`);
  return goOn ? null : { accepted: false, message: 'nothing was sent: the session goes on' };
}

async function replyTo(client: SessionClient, asked: Asked): Promise<CommandReply> {
  const { kind, session, payload } = asked;
  if (kind !== 'abort') {
    await requireWorker(client);
    return await deliverCommand(client, session, kind, payload);
  }
  const why = await whyUnanswering(client, session);
  if (why !== null) return await endFromOutside(client, asked, why);
  try {
    return await deliverCommand(client, session, kind, payload, abortLimitMs);
  } catch (error) {
    if (!(error instanceof CalibError && error.code === 'unreachable')) throw error;
    return await endFromOutside(client, asked, error.message);
  }
}

/** @throws CalibError `unreachable` where nobody can be asked and `--yes` was not given */
async function endFromOutside(client: SessionClient, asked: Asked, why: string): Promise<CommandReply> {
  const { session, terminal, yes, payload } = asked;
  if (!yes && terminal === null) {
    throw new CalibError('unreachable', `session ${session} cannot answer: ${why}`, {
      remedy: `start \`calib worker\` (or \`calib up\`) and repeat the abort, or terminate it: \`calib signal ${session} abort --yes\` ends its pytest as well`,
    });
  }
  const question = `${session} cannot answer (${why}). Terminate it, and its pytest on this machine? What is recorded is kept.`;
  if (!yes && terminal !== null && !(await askConfirmation(terminal, question))) {
    return { accepted: false, message: 'nothing was done: the session goes on' };
  }
  const given = payload?.['reason'];
  const reason = typeof given === 'string' ? given : 'aborted by the operator';
  const lines = await terminateSession(client, session, reason);
  return { accepted: true, message: lines.join('\n') };
}

/** Delivers one command with an id of its own, so that asking again after a lost answer changes nothing twice. */
export async function deliverCommand(
  client: SessionClient,
  session: string,
  kind: CommandKind,
  payload: CommandPayload,
  limitMs = answerLimitMs,
): Promise<CommandReply> {
  const id = randomUUID();
  const handle = client.client.workflow.getHandle(session);
  try {
    return await client.connection.withDeadline(Date.now() + limitMs, () =>
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
