import { CancellationScope, allHandlersFinished, condition } from '@temporalio/workflow';

import { settleCommand } from '../domain/session/commands.ts';
import { type Decision, type End, addNote } from '../domain/session/session-state.ts';
import { boundedLines } from '../domain/session/milestones.ts';
import { isHistoryLong, now, type SessionContext } from './session-context.ts';

/** Writes the report; gives its path, or null when it was refused and the session is blocked instead. */
export async function writeReport(session: SessionContext): Promise<string | null> {
  session.setPhase({ kind: 'reporting' });
  const written = await session.tried((home) => home.writeReport({ run_dir: session.plan.run_dir }));
  if (written.kind === 'failed') {
    await session.block('report', `the report could not be written: ${written.reason}`);
    return null;
  }
  if (written.value.kind === 'written') return written.value.report;
  await session.block('report', `the report was refused: ${written.value.reason}`);
  return null;
}

/**
 * Waits for the one decision, for days if need be. Null when a purge reopened the matrix, or when the history has grown
 * so long (by commands that came to nothing) that it must be handed on first.
 */
export async function awaitDecision(session: SessionContext, report: string): Promise<End | null> {
  const { state } = session;
  for (;;) {
    session.setPhase({ kind: 'awaiting_decision', since: now(), report });
    await condition(
      () =>
        state.decision !== null ||
        state.purges.length > 0 ||
        (isHistoryLong(session.plan) && allHandlersFinished()),
    );
    if (state.decision === null) {
      session.setPhase({ kind: 'calibrating' });
      return null;
    }
    const end = await carryOut(session, state.decision, report);
    if (end !== null) return end;
    state.decision = null;
  }
}

/** The end after an accepted decision; null when it was refused, then nothing is written and another may follow. */
async function carryOut(session: SessionContext, decision: Decision, report: string): Promise<End | null> {
  const { command_id, mode, decide } = decision;
  session.setPhase({ kind: 'applying', mode });
  // Not to be interrupted between two files: an abort is refused while thresholds are written.
  const outcome = await CancellationScope.nonCancellable(() =>
    session.tried((home) =>
      home.applyThresholds({ run_dir: session.plan.run_dir, command_id, mode, decide }),
    ),
  );
  const value =
    outcome.kind === 'ok' ? outcome.value : ({ kind: 'refused', reason: outcome.reason } as const);
  if (value.kind === 'refused') {
    settleCommand(session.state, command_id, { accepted: false, message: value.reason });
    addNote(session.state, now(), `apply (${mode}) refused, nothing written: ${value.reason}`);
    return null;
  }
  settleCommand(session.state, command_id, { accepted: true, message: value.summary.join('\n') });
  const changes = boundedLines(value.summary);
  return { kind: 'completed', report, decision: mode, applied: value.edits, changes };
}
