import { isCancellation } from '@temporalio/workflow';

import type { Lane } from '../domain/lanes/lane.ts';
import { recordCells, recordOutcome } from '../domain/session/record-outcome.ts';
import type { HaltCause, RepeatOutcome } from '../domain/session/repeat-outcome.ts';
import { type RepeatId, passOfBudget, repeatKey, setMark } from '../domain/session/schedule.ts';
import { fittingLanes } from '../domain/session/pick-lane.ts';
import { takeLaneTries } from '../domain/session/session-lanes.ts';
import { haltMilestones } from '../domain/session/session-milestones.ts';
import { type ActiveRepeat, addNote } from '../domain/session/session-state.ts';
import { failureMessage, isUntaken } from './failure-message.ts';
import { type SessionContext, now } from './session-context.ts';

/** Runs one (unit, repeat) to its outcome: in-place retries of △ and ✗ within the pass's budget, then the books. */
export class RepeatRunner {
  readonly #session: SessionContext;

  constructor(session: SessionContext) {
    this.#session = session;
  }

  /** Starts the repeat, on the declared lane that is meant for it; its end is a change of state, never an exception. */
  launch(id: RepeatId, lane: string | undefined): void {
    const { state } = this.#session;
    const key = repeatKey(id);
    const active: ActiveRepeat = {
      ...id,
      pass: state.pass,
      started_at: now(),
      reextract: state.reextract.includes(key),
      waits_for: null,
      ...(lane === undefined ? {} : { lane }),
    };
    state.reextract = state.reextract.filter((other) => other !== key);
    state.active.push(active);
    setMark(state, id, 'r');
    this.#session.changed();
    void this.#run(active)
      .catch((error: unknown) => {
        // An abort while the last line is written: the session ends anyway.
        if (!isCancellation(error)) throw error;
      })
      .finally(() => {
        state.active = state.active.filter((other) => other !== active);
        this.#session.changed();
      });
  }

  async #run(active: ActiveRepeat): Promise<void> {
    const { plan, state } = this.#session;
    // The activity counts this pass's launches on disk, but a repeat that was set aside takes its count along.
    let launches = 0;
    try {
      for (;;) {
        const outcome = await this.#attempt(active);
        // No needless `await`: sessions that are older than lanes would be replayed in another order.
        const quarantined = this.#takeTries(active, outcome);
        if (quarantined.length > 0) await this.#session.log(...quarantined.map((line) => `⚠ ${line}`));
        const launched = outcome.launches > 0 || outcome.kind === 'incomplete';
        launches = Math.max(outcome.launches, launches + (launched ? 1 : 0));
        const again = outcome.kind === 'incomplete' && launches < plan.policies.attempts_per_pass;
        if (!again) return await this.#record(active, outcome, launches);
        recordCells(state, active, outcome.cells);
        if (this.#stopping() || this.#lanes(active)?.length === 0) {
          state.launches += launches;
          return setMark(state, active, '.');
        }
        this.#session.changed();
      }
    } catch (error) {
      setMark(state, active, '.');
      if (isCancellation(error)) return;
      await this.#halt({ text: failureMessage(error), namespace: active.namespace, repeat: active.repeat });
    }
  }

  /** One run of the activity; asked again for as long as the lanes of its host are all taken. */
  async #attempt(active: ActiveRepeat): Promise<RepeatOutcome> {
    const { plan, state, activities } = this.#session;
    const { namespace, repeat, pass } = active;
    const ofBudget = passOfBudget(state);
    const summary = `${namespace} · repeat ${repeat}/${plan.repeats}${ofBudget > 1 ? ` · pass ${ofBudget}` : ''}`;
    const reextract = active.reextract;
    // Only the first look after a resume reads old artifacts; a retry in place launches.
    active.reextract = false;
    const common = { session_id: plan.session_id, run_dir: plan.run_dir, namespace, repeat, pass, reextract };
    for (;;) {
      const lanes = this.#lanes(active);
      const input = lanes === undefined ? common : { ...common, lanes };
      try {
        return await activities.repeats.runRepeat.executeWithOptions({ summary }, [input]);
      } catch (error) {
        if (!isUntaken(error)) throw error;
        await this.#untilLaneMayBeFree(active);
      }
    }
  }

  /** Nobody took the repeat: either no worker runs (the home queue tells), or its lanes work for other sessions. */
  async #untilLaneMayBeFree(active: ActiveRepeat): Promise<void> {
    const { plan } = this.#session;
    const queue = plan.task_queues.repeats;
    // Nothing tells the session when it is taken in the end: the time says how old this is.
    active.waits_for = `a free lane of task queue ${queue} (seen at ${now()})`;
    const line = `waiting: [${active.namespace}] run ${active.repeat}/${plan.repeats} needs a free lane of task queue ${queue}`;
    this.#session.changed();
    await this.#session.tried((home) => home.logMilestones({ run_dir: plan.run_dir, lines: [line] }));
  }

  /** The declared lanes that it may run on at this moment, the one meant for it first; undefined without any. */
  #lanes(active: ActiveRepeat): Lane[] | undefined {
    const { plan, state } = this.#session;
    const unit = plan.units.find(({ namespace }) => namespace === active.namespace);
    if (plan.lane_table === undefined || unit === undefined) return undefined;
    return fittingLanes(plan, state, { unit, first: active.lane });
  }

  /** The account of the lanes; says which of them are left alone from now on. */
  #takeTries(active: ActiveRepeat, outcome: RepeatOutcome): string[] {
    const { plan, state } = this.#session;
    const lines = takeLaneTries(plan, state, { id: active, outcome, now: now() });
    for (const line of lines) addNote(state, now(), line);
    return lines;
  }

  async #record(id: RepeatId, outcome: RepeatOutcome, launches: number): Promise<void> {
    recordOutcome(this.#session.state, id, outcome, launches);
    if (outcome.kind === 'halt') await this.#halt(outcome.cause);
  }

  /** Stops launching until somebody has looked. The first cause stays in view, further ones are noted. */
  async #halt(cause: HaltCause): Promise<void> {
    const { plan, state } = this.#session;
    if (state.phase.kind === 'halted') {
      addNote(state, now(), `another halt: ${cause.text}`);
    } else if (state.abort_requested === null) {
      this.#session.setPhase({ kind: 'halted', since: now(), cause });
    }
    await this.#session.log(...haltMilestones(plan, state, cause.text));
  }

  #stopping(): boolean {
    const { state } = this.#session;
    return state.pause_requested || state.phase.kind === 'halted' || state.abort_requested !== null;
  }
}
