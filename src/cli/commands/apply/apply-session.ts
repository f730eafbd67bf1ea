import type { ApplyPlanDocument } from '../../../domain/apply/apply-plan-document.ts';
import { type ApplyQuestion, decideApply, describeQuestion } from '../../../domain/apply/decide-apply.ts';
import { CalibError } from '../../../domain/calib-error.ts';
import { describeEvidence, isFound } from '../../../domain/evidence/log-evidence.ts';
import type { SessionPlan } from '../../../domain/session/session-plan.ts';
import type { ApplyMode, CommandReply, SessionState } from '../../../domain/session/session-state.ts';
import { counted } from '../../../domain/text.ts';
import { checkPreconditions } from '../../../host/apply/check-preconditions.ts';
import { prepareApply, type PreparedApply } from '../../../host/apply/prepare-apply.ts';
import { readApplied } from '../../../host/apply/run-apply.ts';
import { readLogEvidence } from '../../../host/run-directory/logs/log-evidence.ts';
import { readRunDirectory } from '../../../host/run-directory/stages-copy.ts';
import { planQuery, stateQuery } from '../../../workflows/messages.ts';
import type { CliContext } from '../../options.ts';
import { exitCode } from '../../exit-code.ts';
import { answer, answerJson, note, warn } from '../../output.ts';
import { requireOnThisMachine } from '../../session/locate-run-directory.ts';
import { queryOf } from '../../session/query-session.ts';
import { deliverCommand } from '../../session/send-command.ts';
import { resolveSession } from '../../session/resolve-session.ts';
import { requireWorker, type SessionClient, withSessionClient } from '../../session/session-client.ts';
import {
  askConfirmation,
  askMode,
  askQuestions,
  changedLiterals,
  pendingLiterals,
  processTerminal,
  renderPlan,
  type Terminal,
} from './apply-prompts.ts';
import type { ApplyOptions } from './apply.ts';

export type ChosenApply =
  | { kind: 'report' }
  | {
      kind: 'edit';
      mode: Exclude<ApplyMode, 'report'>;
      /** Given and asked decisions. */
      decide: Record<string, string>;
      prepared: Extract<PreparedApply, { kind: 'prepared' }>;
    }
  /** Nothing can be written like this. `questions`: what only the operator can decide, empty for other reasons. */
  | { kind: 'refused'; reason: string; remedy: string | null; questions: ApplyQuestion[] };

export interface ChooseApplyModeRequest {
  runDir: string;
  options: Pick<ApplyOptions, 'mode' | 'decide'>;
  /** Null: nothing may be asked. */
  terminal: Terminal | null;
}

/**
 * Shows the plan and the evidence in the logs (both on stderr), asks what is left open, and prepares every edited
 * file in memory. Writes nothing.
 *
 * @throws CalibError `invalid-input` for a missing mode without a terminal, or decisions in mode report
 */
export async function chooseApplyMode(request: ChooseApplyModeRequest): Promise<ChosenApply> {
  const { runDir, options, terminal } = request;
  const plan = await showPlan(runDir);
  if ('kind' in plan && options.mode !== 'report') return plan;
  if ('kind' in plan) note(`thresholds could not be edited: ${plan.reason}`);
  const mode = options.mode ?? (await missingMode(terminal));
  if (mode === 'report' || 'kind' in plan) {
    refuseDecisions(options.decide);
    return { kind: 'report' };
  }
  const given = decideApply({ plan, mode, decide: options.decide });
  const questions = given.kind === 'refused' ? given.questions : [];
  if (given.kind === 'refused' && questions.length === 0) return refused(given.reason);
  if (questions.length > 0 && terminal === null) return undecided(questions);
  const asked = terminal === null ? {} : await askQuestions({ terminal, plan, questions });
  const decide = { ...options.decide, ...asked };
  const prepared = await prepareApply({ runDir, mode, decide });
  return prepared.kind === 'refused'
    ? { ...prepared, remedy: null }
    : { kind: 'edit', mode, decide, prepared };
}

/** The plan, once everything holds that an apply demands: nobody should answer questions in vain. */
async function showPlan(
  runDir: string,
): Promise<ApplyPlanDocument | Extract<ChosenApply, { kind: 'refused' }>> {
  const snapshot = await readRunDirectory(runDir);
  const { repo_root: repoRoot, evidence: patterns } = snapshot.plan;
  if (repoRoot === undefined) {
    return refused(`${runDir}/plan.json names no checkout: the session was not made by calib`);
  }
  const preconditions = await checkPreconditions({ snapshot, repoRoot });
  if (preconditions.kind === 'refused') {
    const remedy = 'fix that, or end the session without an edit: --mode report';
    return { ...refused(preconditions.reason.replaceAll('\n', '\n  ')), remedy };
  }
  const { plan } = preconditions;
  note(renderPlan(plan, process.stderr));
  for (const warning of plan.stages.flatMap((stage) => stage.warnings)) warn(warning);
  for (const evidence of await readLogEvidence({ snapshot, patterns: patterns ?? [] })) {
    if (isFound(evidence)) note(`evidence: ${describeEvidence(evidence)}`);
    else warn(`evidence: ${describeEvidence(evidence)}`);
  }
  return plan;
}

async function missingMode(terminal: Terminal | null): Promise<ApplyMode> {
  if (terminal !== null) return await askMode(terminal);
  throw new CalibError('invalid-input', 'without a terminal the mode has to be given', {
    remedy: 'add --mode report, --mode smart or --mode full',
  });
}

function refuseDecisions(decide: Record<string, string>): void {
  const [first] = Object.keys(decide);
  if (first === undefined) return;
  throw new CalibError('invalid-input', `mode report edits nothing, but ${first} is decided`, {
    remedy: 'leave --decide out, or choose mode smart or full',
  });
}

function undecided(questions: ApplyQuestion[]): ChosenApply {
  const lines = questions.map((question) => `  ${describeQuestion(question)}`);
  const options = questions.map(({ id }) => `--decide '${id}=keep|apply|NUMBER'`).join(' ');
  return {
    kind: 'refused',
    reason: `only you can decide:\n${lines.join('\n')}`,
    remedy: `choose for each: ${options}`,
    questions,
  };
}

function refused(reason: string): Extract<ChosenApply, { kind: 'refused' }> {
  return { kind: 'refused', reason, remedy: null, questions: [] };
}

/**
 * Lets a waiting session take its one decision: shows, asks, confirms, sends, shows what was written. The
 * exit code is 1 when nothing was applied.
 */
export async function applySession(
  context: CliContext,
  reference: string,
  options: ApplyOptions,
): Promise<void> {
  const terminal = processTerminal(context.json);
  await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference, context);
    await requireWorker(client);
    const runDir = await waitingRunDirectory(client, session);
    await requireOnThisMachine({ session, runDir });
    const settled = await chooseApplyMode({ runDir, options, terminal });
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

function describeDecision(settled: Exclude<ChosenApply, { kind: 'refused' }>): {
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
  settled: Extract<ChosenApply, { kind: 'refused' }>;
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
