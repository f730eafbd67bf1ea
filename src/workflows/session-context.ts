import { condition, isCancellation } from '@temporalio/workflow';

import { utcTimestamp } from '../domain/clock.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { Phase, SessionState } from '../domain/session/session-state.ts';
import { type ActivityProxies, activityProxies } from './activity-proxies.ts';
import { failureMessage } from './failure-message.ts';
import { SessionView } from './session-view.ts';

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

  /** Waits for a person: says since when and for what. */
  async block(reason: string): Promise<void> {
    this.setPhase({ kind: 'blocked', since: now(), reason });
    await this.log(`BLOCKED: ${reason}`);
  }

  /** Appends a milestone to `run.log`; a disk that cannot take it does not stop the session. */
  async log(line: string): Promise<void> {
    await this.tried(() => this.activities.home.logMilestones({ run_dir: this.plan.run_dir, lines: [line] }));
  }

  /** Runs an activity whose failure is an answer; only cancellation is thrown on. */
  async tried<T>(activity: () => Promise<T>): Promise<Tried<T>> {
    try {
      return { kind: 'ok', value: await activity() };
    } catch (error) {
      if (isCancellation(error)) throw error;
      return { kind: 'failed', reason: failureMessage(error) };
    }
  }
}

/** The workflow's clock (replays give the same answer). */
export function now(): string {
  return utcTimestamp(new Date());
}
