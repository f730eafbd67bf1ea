import { CancellationScope, allHandlersFinished, condition, isCancellation } from '@temporalio/workflow';

import { settleCommand } from '../domain/session/decide-command.ts';
import { type End, initialState } from '../domain/session/session-state.ts';
import { beginBudget } from '../domain/session/schedule.ts';
import { skippedMilestones } from '../domain/session/session-milestones.ts';
import { newPoolBook } from '../domain/pool/pool-book.ts';
import { takeDiskAudit } from '../domain/session/take-disk-audit.ts';
import { CalibrationStep } from './calibration-step.ts';
import { registerCommandHandlers } from './command-handlers.ts';
import { awaitDecision, writeReport } from './decision-step.ts';
import type { SessionInput, SessionResult } from './messages.ts';
import { registerQueryHandlers } from './session-queries.ts';
import { SessionContext, now } from './session-context.ts';

/** The session's state machine: open, check, calibrate, report, decide (DESIGN.md, "from the data's side"). */
export class Session {
  readonly #context: SessionContext;
  readonly #calibration: CalibrationStep;

  constructor(input: SessionInput) {
    const state = input.state ?? initialState(input.plan, now());
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
      report: end.kind === 'completed' ? end.report : null,
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
    // Only where there is a pool: a needless `await` would replay older sessions in another order.
    const unset = this.#context.plan.pool === undefined ? null : await this.#setStandard();
    if (unset !== null) return unset;
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
    takeDiskAudit(plan, state, audit.value);
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
    this.#context.setPhase({ kind: 'prechecking' });
    const verdict = await this.#context.tried((home) => home.precheck(plan));
    if (verdict.kind === 'failed') return verdict;
    state.precheck = verdict.value;
    if (!verdict.value.ok) {
      return { kind: 'failed', reason: `precheck failed: ${verdict.value.errors.join('; ')}` };
    }
    this.#context.setPhase({ kind: 'calibrating' });
    return null;
  }

  /** What the other hosts of the pool are held against. */
  async #setStandard(): Promise<End | null> {
    const { plan, state } = this.#context;
    if (state.pool !== undefined) return null;
    const standard = await this.#context.tried((home) => home.readStandard({ run_dir: plan.run_dir }));
    if (standard.kind === 'failed') return standard;
    state.pool = newPoolBook(standard.value);
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
    if (state.opened) await this.#context.log(`session ${end.kind}: ${endMessage(end)}`);
    await condition(allHandlersFinished);
  }
}

function endMessage(end: End): string {
  if (end.kind !== 'completed') return end.reason;
  return end.decision === 'report'
    ? 'report only, no file edited'
    : `${end.applied} literal(s) changed (${end.decision})`;
}
