import { defineSearchAttributeKey } from '@temporalio/common';
import {
  ActivityFailure,
  ApplicationFailure,
  condition,
  isCancellation,
  TemporalFailure,
  TimeoutFailure,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';

import type { SessionPlan } from '../domain/session/session-plan.ts';
import { addNote, type BlockCause, type Phase, type SessionState } from '../domain/session/session-state.ts';
import { sessionDetails } from '../domain/session/session-view.ts';
import { utcTimestamp } from '../domain/text.ts';
import { type ActivityProxies, activityProxies, type HomeActivities } from './activity-proxies.ts';
import { showDetails } from './current-details.ts';
import { searchAttributeNames } from './messages.ts';

/** The innermost message of a failure: what an operator needs to read, without Temporal's wrapping. */
export function failureMessage(error: unknown): string {
  if (error instanceof ActivityFailure && error.cause instanceof TimeoutFailure) {
    return `${error.activityType}: ${error.cause.message}`;
  }
  if (error instanceof ActivityFailure && error.cause !== undefined) return failureMessage(error.cause);
  if (error instanceof ApplicationFailure || error instanceof TemporalFailure) return error.message;
  // Anything else is a fault of workflow code: let the workflow task fail and be repaired, not the session.
  throw error;
}

/** True when no worker took an activity in time: it was never started, at least not by this attempt. */
export function isUntaken(error: unknown): boolean {
  return (
    error instanceof ActivityFailure &&
    error.cause instanceof TimeoutFailure &&
    error.cause.timeoutType === 'SCHEDULE_TO_START'
  );
}

/** True when the history nears the server's limits (or the plan's own) and the state should go on in a new one. */
export function isHistoryLong(plan: SessionPlan): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (plan.continue_as_new_events ?? Number.POSITIVE_INFINITY);
}

const stateKey = defineSearchAttributeKey(searchAttributeNames.state, 'KEYWORD');

/** Shows the session in the Web UI: the matrix as current details (no event), the phase as a search attribute. */
export class SessionView {
  readonly #plan: SessionPlan;
  readonly #state: SessionState;
  #shownPhase = '';

  constructor(plan: SessionPlan, state: SessionState) {
    this.#plan = plan;
    this.#state = state;
    showDetails(() => sessionDetails(plan, state));
  }

  refresh(): void {
    const { kind } = this.#state.phase;
    if (kind === this.#shownPhase) return;
    this.#shownPhase = kind;
    if (this.#plan.search_attributes) upsertSearchAttributes([{ key: stateKey, value: kind }]);
  }
}

/** An activity's value, or why there is none. */
export type Tried<T> = { kind: 'ok'; value: T } | { kind: 'failed'; reason: string };

/** What every step of a session shares: plan, state, activities, and the ways to change and show the state. */
export class SessionContext {
  readonly plan: SessionPlan;
  readonly state: SessionState;
  readonly activities: ActivityProxies;
  readonly #view: SessionView;
  /** Grows with every change that a step may wait for. */
  #changes = 0;

  constructor(plan: SessionPlan, state: SessionState) {
    this.plan = plan;
    this.state = state;
    this.activities = activityProxies(plan);
    this.#view = new SessionView(plan, state);
  }

  setPhase(phase: Phase): void {
    this.state.phase = phase;
    this.changed();
  }

  /** To be called after every change of state: wakes the steps and refreshes what the Web UI shows. */
  changed(): void {
    this.#changes += 1;
    this.#view.refresh();
  }

  async nextChange(): Promise<void> {
    const seen = this.#changes;
    await condition(() => this.#changes !== seen);
  }

  /** True when something has changed within the time; false when nothing has. */
  async nextChangeWithin(ms: number): Promise<boolean> {
    const seen = this.#changes;
    return await condition(() => this.#changes !== seen, ms);
  }

  /** Waits for a person: says since when and for what, in `run.log` as well. */
  async block(cause: BlockCause, reason: string, lines = [`BLOCKED: ${reason}`]): Promise<void> {
    this.setPhase({ kind: 'blocked', since: now(), cause, reason });
    await this.log(...lines);
  }

  /** Appends milestones to `run.log`; a disk or host that cannot take them does not stop the session. */
  async log(...lines: string[]): Promise<void> {
    try {
      await this.activities.log.logMilestones({ run_dir: this.plan.run_dir, lines });
    } catch (error) {
      if (isCancellation(error)) throw error;
      addNote(this.state, now(), `not written to run.log (${failureMessage(error)}): ${lines.join(' | ')}`);
    }
  }

  /**
   * Runs an activity of the home host whose failure is an answer; only cancellation is thrown on. While no worker polls
   * the host's queue the session says so and waits: it resumes automatically as soon as a worker takes the activity.
   */
  async tried<T>(call: (home: HomeActivities) => Promise<T>): Promise<Tried<T>> {
    try {
      return { kind: 'ok', value: await this.#untilTaken(call) };
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { kind: 'failed', reason: failureMessage(error) };
    }
  }

  async #untilTaken<T>(call: (home: HomeActivities) => Promise<T>): Promise<T> {
    try {
      return await call(this.activities.home);
    } catch (error) {
      if (!isUntaken(error)) throw error;
    }
    const { plan, state } = this;
    const reason = `no worker polls task queue ${plan.task_queues.home} (${plan.hostname}): start \`calib worker\` there, the session then resumes automatically`;
    addNote(state, now(), reason);
    const before = state.phase;
    const parked: Phase = { kind: 'blocked', since: now(), cause: 'no-worker', reason };
    // An abort must stay impossible while thresholds may be half written: that phase is kept.
    if (before.kind === 'applying' || isParked(before)) this.changed();
    else this.setPhase(parked);
    try {
      return await call(this.activities.patientHome);
    } finally {
      if (state.phase === parked) this.setPhase(before);
    }
  }
}

/** True while the session waits for a worker, and for nothing else. */
export function isParked(phase: Phase): boolean {
  return phase.kind === 'blocked' && phase.cause === 'no-worker';
}

/** The workflow's clock (replays give the same answer). */
export function now(): string {
  return utcTimestamp(new Date());
}
