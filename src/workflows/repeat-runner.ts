import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow';

import type { PooledOutcome, RunRepeatInput } from '../activities/activity-types.ts';
import { type Lane, nameOfLane } from '../domain/lanes/lanes.ts';
import { hostOfLane } from '../domain/pool/pool.ts';
import { recordCells, recordOutcome } from '../domain/session/matrix.ts';
import {
  type ActiveRepeat,
  addNote,
  failureTypes,
  type HaltCause,
  type RepeatOutcome,
} from '../domain/session/session-state.ts';
import { type RepeatId, passOfBudget, repeatKey, setMark } from '../domain/session/schedule.ts';
import { fittingLanes, hasNamedLanes, takeLaneTries } from '../domain/lanes/session-lanes.ts';
import { haltMilestones } from '../domain/session/milestones.ts';
import { isSmoke, recordSeen, seenOf, smokeSeen } from '../domain/session/smoke.ts';
import { failureMessage, isUntaken, now, type SessionContext } from './session-context.ts';
import type { PoolMembership } from './pool-membership.ts';

/** Runs one (unit, repeat) to its outcome: in-place retries of △ and ✗ within the pass's budget, then the books. */
export class RepeatRunner {
  readonly #session: SessionContext;
  readonly #pool: PoolMembership;

  constructor(session: SessionContext, pool: PoolMembership) {
    this.#session = session;
    this.#pool = pool;
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
      ...this.#givenTo(lane),
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
    // The activity counts this pass's launches on disk, but a repeat that was discarded takes its count along.
    let launches = 0;
    try {
      for (;;) {
        const outcome = await this.#attempt(active);
        if (outcome.record !== undefined) await this.#keep(outcome.record);
        if (this.#isHostsFault(active, outcome)) {
          setMark(state, active, '.');
          return await this.#pool.refuse(active.host ?? '', outcome.cause.text);
        }
        const quarantined = this.#takeTries(active, outcome);
        if (quarantined.length > 0) await this.#session.log(...quarantined.map((line) => `⚠ ${line}`));
        const launched = outcome.launches > 0 || outcome.kind === 'incomplete';
        launches = Math.max(outcome.launches, launches + (launched ? 1 : 0));
        const again = outcome.kind === 'incomplete' && launches < plan.policies.attempts_per_pass;
        if (isSmoke(plan)) {
          return recordSeen(state, active, seenOf(outcome), launches);
        }
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
      if (error instanceof HostGone) return await this.#pool.lose(error.host, error.message);
      if (error instanceof ActivityFailure && this.#isElsewhere(active)) {
        return await this.#pool.refuse(active.host ?? '', failureMessage(error));
      }
      if (isSmoke(plan)) {
        return recordSeen(state, active, smokeSeen(false, [`failed: ${failureMessage(error)}`]), launches);
      }
      await this.#halt({ text: failureMessage(error), namespace: active.namespace, repeat: active.repeat });
    }
  }

  /** One run of the activity; asked again for as long as the lanes of its host are all taken. */
  async #attempt(active: ActiveRepeat): Promise<PooledOutcome> {
    const { plan, state, activities } = this.#session;
    const { namespace, repeat, pass } = active;
    const ofBudget = passOfBudget(state);
    const summary = `${namespace} · repeat ${repeat}/${plan.repeats}${ofBudget > 1 ? ` · pass ${ofBudget}` : ''}`;
    const reextract = active.reextract;
    // Only the first look after a resume reads old artifacts; a retry in place launches.
    active.reextract = false;
    const budget_from_pass = Math.min(pass, state.budget_from_pass);
    const ids = { session_id: plan.session_id, run_dir: plan.run_dir, namespace, repeat };
    const common = { ...ids, pass, budget_from_pass, reextract };
    const { host } = active;
    const where = host === undefined ? '' : ` · ${host}`;
    for (let timesUntaken = 0; ; timesUntaken += 1) {
      const { runRepeat } =
        host === undefined ? activities.repeats : activities.repeatsOn(host, timesUntaken);
      const lanes = this.#lanes(active);
      const input = {
        ...common,
        ...(lanes === undefined ? {} : { lanes }),
        ...(host === undefined ? {} : this.#poolPart(active, host)),
      };
      try {
        return await runRepeat.executeWithOptions({ summary: `${summary}${where}` }, [input]);
      } catch (error) {
        if (!isUntaken(error)) throw error;
        if (host === undefined) await this.#untilLaneMayBeFree(active);
        else await this.#untilHostMayTake(active, host);
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

  /**
   * The host has not taken the repeat: its lanes work for other sessions, which is told once, or it is gone.
   *
   * @throws HostGone when it does not answer
   */
  async #untilHostMayTake(active: ActiveRepeat, host: string): Promise<void> {
    const { plan, activities } = this.#session;
    const { namespace, repeat } = active;
    try {
      await activities.hostAt(host).ping();
    } catch (error) {
      if (isCancellation(error)) throw error;
      throw new HostGone(host, `it did not take ${namespace} repeat ${repeat}`);
    }
    const before = active.waits_for;
    active.waits_for = `a free lane of host ${host} (seen at ${now()})`;
    this.#session.changed();
    if (before !== null) return;
    const line = `waiting: [${namespace}] run ${repeat}/${plan.repeats} needs a free lane of host ${host}`;
    await this.#session.log(line);
  }

  /** The declared lanes that it may run on at this moment, the one meant for it first; undefined without any. */
  #lanes(active: ActiveRepeat): Lane[] | undefined {
    const { plan, state } = this.#session;
    const unit = plan.units.find(({ namespace }) => namespace === active.namespace);
    if (!hasNamedLanes(plan) || unit === undefined) return undefined;
    const lanes = fittingLanes(plan, state, { unit, first: active.lane });
    if (plan.pool === undefined) return lanes;
    // A host without declared lanes finds the GPUs itself; none is told only where none may be used.
    const declared = lanes.filter(({ any_gpus }) => any_gpus === undefined);
    return lanes.length > 0 && declared.length === 0
      ? undefined
      : declared.map((lane) => ({ ...lane, name: nameOfLane(lane.name) }));
  }

  /** In a pool: the machine that a lane belongs to, and the number of this dispatch. */
  #givenTo(lane: string | undefined): Pick<ActiveRepeat, 'host' | 'dispatch'> {
    const { pool } = this.#session.state;
    if (pool === undefined || lane === undefined) return {};
    pool.dispatches += 1;
    return { host: hostOfLane(lane), dispatch: pool.dispatches };
  }

  /** What a host of the pool is told beyond the usual. */
  #poolPart(active: ActiveRepeat, host: string): Partial<RunRepeatInput> {
    const { state } = this.#session;
    const entry = state.pool?.hosts[host];
    if (entry?.state !== 'joined') throw new HostGone(host, 'it was given up meanwhile');
    return {
      run_dir: entry.run_dir,
      first_attempt: (state.lanes?.seen[repeatKey(active)] ?? 0) + 1,
      ...(active.dispatch === undefined ? {} : { dispatch: active.dispatch }),
    };
  }

  #isElsewhere({ host }: ActiveRepeat): boolean {
    return host !== undefined && host !== this.#session.plan.hostname;
  }

  /** Another host's checkout that has moved is that host's fault; the home host's halts the session. */
  #isHostsFault(
    active: ActiveRepeat,
    outcome: RepeatOutcome,
  ): outcome is Extract<RepeatOutcome, { kind: 'halt' }> {
    return this.#isElsewhere(active) && outcome.kind === 'halt' && outcome.cause.moved === true;
  }

  /** What ran elsewhere is put into the run directory before it counts. */
  async #keep(record: NonNullable<PooledOutcome['record']>): Promise<void> {
    const { plan } = this.#session;
    const kept = await this.#session.tried((home) => home.keepRepeat({ run_dir: plan.run_dir, record }));
    if (kept.kind === 'ok') return;
    throw ApplicationFailure.nonRetryable(
      `the record of ${record.namespace} repeat ${record.repeat} from host ${record.host} could not be kept: ${kept.reason}`,
      failureTypes.refused,
    );
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
    await this.#session.log(...haltMilestones(plan, state, cause));
  }

  #stopping(): boolean {
    const { state } = this.#session;
    return state.pause_requested || state.phase.kind === 'halted' || state.abort_requested !== null;
  }
}

/** A host of the pool that no longer takes what it is given. */
class HostGone extends Error {
  override readonly name = 'HostGone';
  readonly host: string;

  constructor(host: string, reason: string) {
    super(reason);
    this.host = host;
  }
}
