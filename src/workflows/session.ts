import {
  allHandlersFinished,
  ApplicationFailure,
  CancellationScope,
  condition,
  isCancellation,
  setHandler,
} from '@temporalio/workflow';

import { strictAuditDocument } from '../domain/audit/strict-audit.ts';
import { newPoolState } from '../domain/pool/pool.ts';
import { settleCommand } from '../domain/session/commands.ts';
import { matrixFromState, syncMatrix } from '../domain/session/matrix.ts';
import { haltMilestones, skippedMilestones } from '../domain/session/milestones.ts';
import { beginBudget } from '../domain/session/schedule.ts';
import { type SessionPlan, sessionPlanSchema } from '../domain/session/session-plan.ts';
import { type End, failureTypes, initialState, type SessionState } from '../domain/session/session-state.ts';
import { upgradeState } from '../domain/session/upgrade-state.ts';
import { sessionStatus, unitsProgress } from '../domain/session/session-view.ts';
import { isSmoke, smokeEnd } from '../domain/session/smoke.ts';
import { withinBudget } from '../domain/session/state-budget.ts';
import { firstIssue } from '../domain/text.ts';
import { CalibrationStep } from './calibration-step.ts';
import { hasPurgeBeforePrecheck } from './changes.ts';
import { registerCommandHandlers } from './command-handlers.ts';
import { awaitDecision, writeReport } from './decision-step.ts';
import {
  planQuery,
  type SessionInput,
  type SessionResult,
  stateQuery,
  statusQuery,
  strictAuditQuery,
  unitsQuery,
} from './messages.ts';
import { now, SessionContext } from './session-context.ts';

/** Registers the query handlers: synchronous, changing nothing. Call before the first `await`. */
export function registerQueryHandlers(plan: SessionPlan, state: SessionState): void {
  setHandler(statusQuery, () => sessionStatus(plan, state, new Date()));
  setHandler(strictAuditQuery, () => strictAuditDocument(matrixFromState(plan, state)));
  setHandler(planQuery, () => plan);
  setHandler(unitsQuery, () => unitsProgress(plan, state));
  // An answer is one payload as well: of the largest sessions only words are cut.
  setHandler(stateQuery, () => withinBudget(plan, state));
}

/** The session's state machine: open, check, calibrate, report, decide (DESIGN.md, "from the data's side"). */
export class Session {
  readonly #context: SessionContext;
  readonly #calibration: CalibrationStep;

  constructor(input: SessionInput) {
    const state = input.state === undefined ? initialState(input.plan, now()) : upgradeState(input.state);
    this.#context = new SessionContext(input.plan, state);
    this.#calibration = new CalibrationStep(this.#context);
    registerCommandHandlers(input.plan, state, () => this.#context.changed());
    registerQueryHandlers(input.plan, state);
  }

  async run(): Promise<SessionResult> {
    const { plan } = this.#context;
    const end = await this.#untilEnd();
    await CancellationScope.nonCancellable(() => this.#close(end));
    return {
      outcome: end.kind,
      message: endMessage(end),
      run_dir: plan.run_dir,
      git_sha: plan.git_sha,
      report: end.kind === 'completed' ? end.report || null : null,
      applied: end.kind === 'completed' ? end.applied : 0,
      changes: end.kind === 'completed' ? end.changes : [],
    };
  }

  /** Runs the steps in a scope that `abort` cancels; a cancellation from outside is an abort as well. */
  async #untilEnd(): Promise<End> {
    const { state } = this.#context;
    const scope = new CancellationScope();
    const watching = condition(() => state.abort_requested !== null).then(() => scope.cancel());
    watching.catch(() => undefined);
    try {
      return await scope.run(() => this.#steps());
    } catch (error) {
      if (!isCancellation(error)) throw error;
      // The activities stop their pytest and confirm before this resolves (WAIT_CANCELLATION_COMPLETED).
      await CancellationScope.nonCancellable(() => condition(() => state.active.length === 0));
      return { kind: 'aborted', reason: state.abort_requested ?? 'cancelled through Temporal' };
    }
  }

  async #steps(): Promise<End> {
    const refused = (await this.#open()) ?? (await this.#precheck());
    if (refused !== null) return refused;
    const unset = this.#context.plan.pool === undefined ? null : await this.#setStandard();
    if (unset !== null) return unset;
    if (isSmoke(this.#context.plan)) {
      await this.#calibration.run();
      return smokeEnd(this.#context.plan, this.#context.state);
    }
    for (;;) {
      await this.#calibration.run();
      const report = await writeReport(this.#context);
      if (report === null) continue;
      const end = await awaitDecision(this.#context, report);
      if (end !== null) return end;
    }
  }

  async #open(): Promise<End | null> {
    const { plan, state } = this.#context;
    if (state.opened) return null;
    this.#context.setPhase({ kind: 'opening' });
    const audit = await this.#context.tried((home) => home.openSession(plan));
    if (audit.kind === 'failed') return audit;
    syncMatrix(plan, state, audit.value);
    // Another session's attempts in this directory must not count against this one's budget.
    if (audit.value.last_pass !== undefined) beginBudget(state, audit.value.last_pass);
    state.opened = true;
    const skipped = skippedMilestones(plan, state);
    if (skipped.length > 0) await this.#context.log(...skipped);
    return null;
  }

  async #precheck(): Promise<End | null> {
    const { plan, state } = this.#context;
    if (state.precheck !== null) return null;
    for (;;) {
      this.#context.setPhase({ kind: 'prechecking' });
      const verdict = await this.#context.tried((home) => home.precheck(plan));
      if (verdict.kind === 'failed') return verdict;
      if (verdict.value.moved !== undefined) {
        await this.#haltOnMove(verdict.value.moved);
        continue;
      }
      state.precheck = verdict.value;
      if (!verdict.value.ok) {
        return { kind: 'failed', reason: `precheck failed: ${verdict.value.errors.join('; ')}` };
      }
      this.#context.setPhase({ kind: 'calibrating' });
      return null;
    }
  }

  /** Nothing is lost yet: as in the midst of a calibration, the session waits until the checkout is back. */
  async #haltOnMove(text: string): Promise<void> {
    const { plan, state } = this.#context;
    const steps = [
      `git -C ${plan.repo_root} checkout ${plan.git_sha}`,
      `calib signal ${plan.session_id} resume`,
    ];
    const cause = {
      text: `${text}; restore it, then resume`,
      namespace: null,
      repeat: null,
      moved: true,
      steps,
    };
    this.#context.setPhase({ kind: 'halted', since: now(), cause });
    await this.#context.log(...haltMilestones(plan, state, cause));
    await this.#untilResumedBeforePrecheck();
    state.resume_requested = false;
    await this.#context.log('resumed');
  }

  /** A directory that is continued holds repeats: whoever purges one meanwhile gets it done, and the answer, at once. */
  async #untilResumedBeforePrecheck(): Promise<void> {
    const { state } = this.#context;
    const isCalled = () => state.resume_requested || state.purges.length > 0;
    await condition(isCalled);
    while (!state.resume_requested && hasPurgeBeforePrecheck()) {
      await this.#calibration.purge();
      await condition(isCalled);
    }
    await condition(() => state.resume_requested);
  }

  /** What the other hosts of the pool are held against. */
  async #setStandard(): Promise<End | null> {
    const { plan, state } = this.#context;
    if (state.pool !== undefined) return null;
    const standard = await this.#context.tried((home) => home.readStandard({ run_dir: plan.run_dir }));
    if (standard.kind === 'failed') return standard;
    state.pool = newPoolState(standard.value);
    return null;
  }

  async #close(end: End): Promise<void> {
    const { state } = this.#context;
    // Whoever still waits for the outcome of a purge or an apply gets an answer before the workflow closes.
    for (const { id, settled } of state.replies) {
      if (!settled)
        settleCommand(state, id, { accepted: false, message: `the session has ended: ${end.kind}` });
    }
    this.#context.setPhase(end);
    const seen = end.kind === 'completed' ? (end.smoke?.lines ?? []) : [];
    if (state.opened) await this.#context.log(...seen, `session ${end.kind}: ${endMessage(end)}`);
    await condition(allHandlersFinished);
  }
}

function endMessage(end: End): string {
  if (end.kind !== 'completed') return end.reason;
  if (end.smoke !== undefined) return end.smoke.summary;
  return end.decision === 'report'
    ? 'report only, no file edited'
    : `${end.applied} literal(s) changed (${end.decision})`;
}

/**
 * One calibration session of one commit. Ends with a result for every foreseen end (completed, aborted, failed); waits
 * without limit wherever a person has to act.
 *
 * @throws ApplicationFailure when the input is no plan (a session started by hand, without the command line)
 */
export async function calibrate(input: SessionInput): Promise<SessionResult> {
  return await new Session(checked(input)).run();
}

function checked(input: SessionInput): SessionInput {
  const parsed = sessionPlanSchema.safeParse((input as SessionInput | undefined)?.plan);
  if (parsed.success) return { ...input, plan: parsed.data };
  throw ApplicationFailure.nonRetryable(
    `not a session's plan: ${firstIssue(parsed.error, 'plan')} (start sessions with \`calib start\`)`,
    failureTypes.invalid,
  );
}
