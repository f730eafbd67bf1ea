import type { ApplyPlanDocument } from '../domain/apply/apply-plan-document.ts';
import { describeQuestion, type ApplyQuestion } from '../domain/apply/apply-question.ts';
import { decideApply } from '../domain/apply/decide-apply.ts';
import { CalibError } from '../domain/calib-error.ts';
import { describeEvidence, isFound } from '../domain/evidence/log-evidence.ts';
import type { ApplyMode } from '../domain/session/session-state.ts';
import { checkPreconditions } from '../host/apply/check-preconditions.ts';
import { prepareApply, type PreparedApply } from '../host/apply/prepare-apply.ts';
import { readLogEvidence } from '../host/run-directory/read-log-evidence.ts';
import { readRunDirectory } from '../host/run-directory/read-run-directory.ts';
import type { ApplyOptions } from './apply.ts';
import { askMode, askQuestions, type Terminal } from './apply-prompts.ts';
import { renderPlan } from './apply-view.ts';
import { note, warn } from './output.ts';

export type SettledApply =
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

export interface SettleApplyRequest {
  runDir: string;
  options: Pick<ApplyOptions, 'mode' | 'decide'>;
  /** Null: nothing may be asked. */
  terminal: Terminal | null;
}

/**
 * Shows the plan and the evidence in the logs (both on stderr), asks what is left open, and prepares every edited file in
 * memory. Writes nothing (spec 06 §11).
 *
 * @throws CalibError `invalid-input` for a missing mode without a terminal, or decisions in mode report
 */
export async function settleApply(request: SettleApplyRequest): Promise<SettledApply> {
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
): Promise<ApplyPlanDocument | Extract<SettledApply, { kind: 'refused' }>> {
  const snapshot = await readRunDirectory(runDir);
  const { repo_root: repoRoot, evidence: patterns } = snapshot.plan;
  if (repoRoot === undefined) {
    return refused(`${runDir}/plan.json names no checkout: the session was not made by calib`);
  }
  const preconditions = await checkPreconditions({ snapshot, repoRoot });
  if (preconditions.kind === 'refused') {
    const remedy = 'mend that, or end the session without an edit: --mode report';
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

function undecided(questions: ApplyQuestion[]): SettledApply {
  const lines = questions.map((question) => `  ${describeQuestion(question)}`);
  const options = questions.map(({ id }) => `--decide '${id}=keep|apply|NUMBER'`).join(' ');
  return {
    kind: 'refused',
    reason: `only you can decide:\n${lines.join('\n')}`,
    remedy: `choose for each: ${options}`,
    questions,
  };
}

function refused(reason: string): Extract<SettledApply, { kind: 'refused' }> {
  return { kind: 'refused', reason, remedy: null, questions: [] };
}
