import { CalibError } from '../domain/calib-error.ts';
import { counted } from '../domain/counted.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { CommandReply, SessionState } from '../domain/session/session-state.ts';
import { readApplied } from '../host/apply/applied-file.ts';
import { planQuery, stateQuery } from '../workflows/messages.ts';
import { queryOf } from './query-session.ts';
import type { ApplyOptions } from './apply.ts';
import { askConfirmation, processTerminal } from './apply-prompts.ts';
import { changedLiterals, pendingLiterals } from './apply-view.ts';
import { exitCode } from './exit-code.ts';
import { requireOnThisMachine } from './locate-run-directory.ts';
import type { CliContext } from './options.ts';
import { answer, answerJson, note, warn } from './output.ts';
import { requireWorker } from './require-worker.ts';
import { deliverCommand } from './send-command.ts';
import { resolveSession, withSessionClient, type SessionClient } from './session-client.ts';
import { settleApply, type SettledApply } from './settle-apply.ts';

/**
 * Lets a waiting session take its one decision: shows, asks, confirms, sends, shows what was written (spec 06 §11). The
 * exit code is 1 when nothing was applied.
 */
export async function applySession(
  context: CliContext,
  reference: string,
  options: ApplyOptions,
): Promise<void> {
  const terminal = processTerminal(context.json);
  await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference);
    await requireWorker(client);
    const runDir = await waitingRunDirectory(client, session);
    await requireOnThisMachine({ session, runDir });
    const settled = await settleApply({ runDir, options, terminal });
    if (settled.kind === 'refused') {
      printRefusal({ session, settled, json: context.json });
      return;
    }
    const wanted = describeDecision(settled);
    note(wanted.lines.join('\n'));
    if (terminal !== null && options.yes !== true && !(await askConfirmation(terminal, wanted.question))) {
      note('nothing was sent: the session goes on waiting');
      process.exitCode = exitCode.notReady;
      return;
    }
    const payload =
      settled.kind === 'report' ? { mode: 'report' } : { mode: settled.mode, decide: settled.decide };
    const reply = await deliverCommand(client, session, 'apply', payload);
    await printOutcome({ session, runDir, mode: payload.mode, reply, json: context.json });
  });
}

/** @throws CalibError `refused` for a session that waits for no decision: nobody should be asked in vain */
async function waitingRunDirectory(client: SessionClient, session: string): Promise<string> {
  const { run_dir } = await queryOf<SessionPlan>(client, session, planQuery);
  const state = await queryOf<SessionState>(client, session, stateQuery);
  if (state.phase.kind !== 'awaiting_decision') throw notWaiting(session, state);
  return run_dir;
}

function notWaiting(session: string, { phase }: SessionState): CalibError {
  const ended = phase.kind === 'completed';
  return new CalibError('refused', `no decision is due: session ${session} is ${phase.kind}`, {
    remedy: ended
      ? 'a session is decided once; --undo restores what it applied'
      : `see what it waits for with \`calib watch ${session}\``,
  });
}

function describeDecision(settled: Exclude<SettledApply, { kind: 'refused' }>): {
  lines: string[];
  question: string;
} {
  if (settled.kind === 'report') {
    return { lines: ['no file is edited'], question: 'End the session with its report only?' };
  }
  const { changes, files } = settled.prepared;
  if (changes.length === 0) {
    return { lines: ['no literal has to be changed'], question: 'End the session without an edit?' };
  }
  const literals = pendingLiterals(changes);
  return {
    lines: ['to be written:', ...literals],
    question: `Write ${counted(literals.length, 'literal')} in ${counted(files.length, 'file')}, once and for all?`,
  };
}

function printRefusal(outcome: {
  session: string;
  settled: Extract<SettledApply, { kind: 'refused' }>;
  json: boolean;
}): void {
  const { session, settled, json } = outcome;
  const { reason, remedy, questions } = settled;
  if (json) answerJson({ session, command: 'apply', accepted: false, message: reason, questions });
  note(`refused, nothing was written: ${reason}`);
  if (remedy !== null) note(`  → ${remedy}`);
  process.exitCode = exitCode.notReady;
}

async function printOutcome(outcome: {
  session: string;
  runDir: string;
  mode: string;
  reply: CommandReply;
  json: boolean;
}): Promise<void> {
  const { session, runDir, mode, reply, json } = outcome;
  const applied = reply.accepted && mode !== 'report' ? await readApplied(runDir) : null;
  if (json) answerJson({ session, command: 'apply', mode, ...reply, applied });
  else if (!reply.accepted) note(`refused, nothing was written: ${reply.message}`);
  else if (applied === null) answer(reply.message);
  else {
    for (const line of changedLiterals(applied.changes)) answer(line);
    if (applied.changes.length === 0) answer('no literal had to be changed');
    for (const line of applied.check?.lines ?? []) note(line);
    if (applied.check?.ok === false) warn('the check after applying did not pass; --undo restores the files');
    note(`next: calib publish ${session}`);
  }
  if (!reply.accepted) process.exitCode = exitCode.notReady;
}
