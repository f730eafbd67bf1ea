import { isCancellation } from '@temporalio/workflow';

import { recordCells, recordOutcome } from '../domain/session/record-outcome.ts';
import type { RepeatOutcome } from '../domain/session/repeat-outcome.ts';
import { type RepeatId, repeatKey, setMark } from '../domain/session/schedule.ts';
import type { ActiveRepeat } from '../domain/session/session-state.ts';
import { failureMessage } from './failure-message.ts';
import { type SessionContext, now } from './session-context.ts';

/** Runs one (unit, repeat) to its outcome: in-place retries of △ and ✗ within the pass's budget, then the books. */
export class RepeatRunner {
  readonly #session: SessionContext;

  constructor(session: SessionContext) {
    this.#session = session;
  }

  /** Starts the repeat; its end is a change of state, never an exception. */
  launch(id: RepeatId): void {
    const { state } = this.#session;
    const key = repeatKey(id);
    const active: ActiveRepeat = {
      ...id,
      pass: state.pass,
      started_at: now(),
      reextract: state.reextract.includes(key),
    };
    state.reextract = state.reextract.filter((other) => other !== key);
    state.active.push(active);
    setMark(state, id, 'r');
    this.#session.changed();
    void this.#run(active).finally(() => {
      state.active = state.active.filter((other) => other !== active);
      this.#session.changed();
    });
  }

  async #run(active: ActiveRepeat): Promise<void> {
    const { plan, state } = this.#session;
    try {
      for (;;) {
        const outcome = await this.#attempt(active);
        const again = outcome.kind === 'incomplete' && outcome.launches < plan.policies.attempts_per_pass;
        if (!again) return this.#record(active, outcome);
        recordCells(state, active, outcome.cells);
        this.#session.changed();
        if (this.#stopping()) return setMark(state, active, '.');
      }
    } catch (error) {
      setMark(state, active, '.');
      if (isCancellation(error)) return;
      this.#halt(active, failureMessage(error));
    }
  }

  async #attempt(active: ActiveRepeat): Promise<RepeatOutcome> {
    const { plan, activities } = this.#session;
    const { namespace, repeat, pass } = active;
    const summary = `${namespace} · repeat ${repeat}/${plan.repeats}${pass > 1 ? ` · pass ${pass}` : ''}`;
    const reextract = active.reextract;
    // Only the first look after a resume reads old artifacts; a retry in place launches.
    active.reextract = false;
    return await activities.repeats.runRepeat.executeWithOptions({ summary }, [
      { session_id: plan.session_id, run_dir: plan.run_dir, namespace, repeat, pass, reextract },
    ]);
  }

  #record(id: RepeatId, outcome: RepeatOutcome): void {
    recordOutcome(this.#session.state, id, outcome);
    if (outcome.kind === 'halt') {
      this.#session.state.phase = { kind: 'halted', since: now(), cause: outcome.cause };
    }
  }

  #halt(id: RepeatId, text: string): void {
    this.#session.state.phase = {
      kind: 'halted',
      since: now(),
      cause: { text, namespace: id.namespace, repeat: id.repeat },
    };
  }

  #stopping(): boolean {
    const { state } = this.#session;
    return state.pause_requested || state.phase.kind === 'halted' || state.abort_requested !== null;
  }
}
