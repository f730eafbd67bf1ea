import { allHandlersFinished, condition, continueAsNew } from '@temporalio/workflow';

import { settleCommand } from '../domain/session/commands.ts';
import { setCell, syncMatrix } from '../domain/session/matrix.ts';
import {
  type RepeatId,
  failsAlike,
  nextWork,
  reopenAll,
  repeatKey,
  setMark,
} from '../domain/session/schedule.ts';
import { endQuarantine, forgetLane, hasNamedLanes, quarantineText } from '../domain/lanes/session-lanes.ts';
import { incompleteMilestones, passMilestones } from '../domain/session/milestones.ts';
import { isSmoke, recordSeen, smokeSeen } from '../domain/session/smoke.ts';
import { type PurgeRequest, type SessionState, addNote } from '../domain/session/session-state.ts';
import { withinBudget } from '../domain/session/state-budget.ts';
import { hasPoolStepAlways } from './changes.ts';
import { isHistoryLong, isParked, now, type SessionContext } from './session-context.ts';
import type { SessionInput, SessionResult } from './messages.ts';
import { PoolMembership } from './pool-membership.ts';
import { RepeatRunner } from './repeat-runner.ts';

/** Fans the repeats out until every one of the matrix is done; waits wherever a person has to act. */
export class CalibrationStep {
  readonly #session: SessionContext;
  readonly #pool: PoolMembership;
  readonly #runner: RepeatRunner;

  constructor(session: SessionContext) {
    this.#session = session;
    this.#pool = new PoolMembership(session);
    this.#runner = new RepeatRunner(session, this.#pool);
  }

  /** Returns when every repeat is done and none is running. */
  run(): Promise<void> {
    const { pool } = this.#session.plan;
    return pool !== undefined || hasPoolStepAlways() ? this.#withPool() : this.#untilComplete();
  }

  async #withPool(): Promise<void> {
    if (this.#session.plan.pool !== undefined) this.#pool.start();
    try {
      await this.#untilComplete();
    } finally {
      this.#pool.stop();
    }
  }

  async #untilComplete(): Promise<void> {
    const { state } = this.#session;
    for (;;) {
      await this.purge();
      await this.#continueAsNewIfDue();
      const { kind } = state.phase;
      if (isParked(state.phase)) await condition(() => !isParked(state.phase) || this.#mayPurge());
      else if (kind === 'halted' || kind === 'blocked') await this.#untilResumed();
      else if (state.pause_requested) await this.#untilUnpaused();
      else {
        if (kind !== 'calibrating') this.#session.setPhase({ kind: 'calibrating' });
        if (await this.#launchNext()) return;
      }
    }
  }

  /** Launches one repeat or waits for a change; true when nothing is left to do. */
  async #launchNext(): Promise<boolean> {
    const { plan, state } = this.#session;
    // Declared lanes are counted by `nextWork`, which knows which of them are taken.
    if (!hasNamedLanes(plan) && state.active.length >= plan.lanes) {
      await this.#session.nextChange();
      return false;
    }
    const passBefore = state.pass;
    const work = nextWork(plan, state);
    if (state.pass !== passBefore) {
      await this.#session.log(...passMilestones(plan, state));
      // Commands may have come meanwhile.
      return false;
    }
    switch (work.kind) {
      case 'launch':
        this.#runner.launch(work.id, work.lanes?.[0]?.name);
        return false;
      case 'wait':
        // With nothing running, only a host of the pool can bring what it waits for.
        if (plan.pool !== undefined && state.active.length === 0) await this.#pool.untilHost();
        else await this.#session.nextChange();
        return false;
      case 'blocked':
        await this.#giveUp(work.missing);
        return false;
      case 'no-lane':
        if (isSmoke(plan)) return this.#leaveUnseen(work.stuck);
        await this.#session.block('no-lane', noLaneReason(state, work.stuck));
        return false;
      case 'complete':
        return true;
    }
  }

  /** A smoke waits for nobody: units that no lane can take are told as such. */
  #leaveUnseen(stuck: readonly RepeatId[]): boolean {
    const { state } = this.#session;
    const reason = `not launched: ${noLaneReason(state, [])}`;
    for (const id of stuck) recordSeen(state, id, smokeSeen(false, [reason]), 0);
    this.#session.changed();
    return false;
  }

  /** After a halt or block: looks at the disk again (and at a corrected stages file), then gives a fresh budget. */
  async #untilResumed(): Promise<void> {
    const { plan, state } = this.#session;
    await condition(() => state.resume_requested || this.#interrupted());
    if (!state.resume_requested) return;
    await condition(() => state.active.length === 0);
    const synced = await this.#session.tried((home) => home.syncSession({ run_dir: plan.run_dir }));
    state.resume_requested = false;
    if (synced.kind === 'failed') return await this.#session.block('directory', synced.reason);
    for (const note of synced.value.notes) addNote(state, now(), note);
    syncMatrix(plan, state, synced.value);
    const unread = plan.pool === undefined ? null : await this.#renewPool();
    if (unread !== null) return await this.#session.block('directory', unread);
    reopenAll(plan, state);
    const lanes = endQuarantine(state);
    if (lanes.length > 0) addNote(state, now(), `back in service: lane ${lanes.join(', ')}`);
    this.#session.setPhase({ kind: 'calibrating' });
    await this.#session.log('resumed');
  }

  /** After a correction the hosts of the pool prove themselves against the new standard; a reason where it cannot be read. */
  async #renewPool(): Promise<string | null> {
    const { plan, state } = this.#session;
    if (state.pool === undefined) return null;
    const standard = await this.#session.tried((home) => home.readStandard({ run_dir: plan.run_dir }));
    if (standard.kind === 'failed') return standard.reason;
    this.#pool.renew({ ...state.pool, standard: standard.value });
    return null;
  }

  async #untilUnpaused(): Promise<void> {
    const { state } = this.#session;
    if (state.phase.kind !== 'paused') {
      this.#session.setPhase({ kind: 'paused', since: now() });
      await this.#session.log('paused: nothing new is launched');
    }
    const isPaused = () => state.phase.kind === 'paused';
    await condition(() => !state.pause_requested || !isPaused() || this.#interrupted());
    if (state.pause_requested || !isPaused()) return;
    this.#session.setPhase({ kind: 'calibrating' });
    await this.#session.log('resumed');
  }

  /** Carries out the purges that were asked for, in their order, and settles their commands. */
  async purge(): Promise<void> {
    const { state } = this.#session;
    while (state.purges[0] !== undefined) {
      const purge = state.purges[0];
      const done = await this.#session.tried((home) =>
        home.discardRepeat({ run_dir: this.#session.plan.run_dir, ...purge }),
      );
      state.purges.shift();
      const more = state.purges.some((other) => other.command_id === purge.command_id);
      if (done.kind === 'failed') {
        settleCommand(state, purge.command_id, { accepted: false, message: done.reason });
        addNote(state, now(), `${purge.namespace} repeat ${purge.repeat} was not purged: ${done.reason}`);
      } else {
        this.#forget(purge);
        if (!more) settleCommand(state, purge.command_id);
        this.#pool.unpark();
      }
      this.#session.changed();
    }
  }

  /** Shows a purged repeat as not run, for all stages that it fed. */
  #forget(purge: PurgeRequest): void {
    const { plan, state } = this.#session;
    setMark(state, purge, '.');
    delete state.open[repeatKey(purge)];
    forgetLane(state, purge);
    // A purge that came while the session was being resumed: another host still has the artifacts.
    state.reextract = state.reextract.filter((key) => key !== repeatKey(purge));
    state.discarded += 1;
    const unit = plan.units.find((each) => each.namespace === purge.namespace);
    for (const stage of unit?.stages ?? []) {
      setCell(state, stage, purge.repeat, { symbol: '—', reason: 'missing file' });
    }
    addNote(state, now(), `purged ${purge.namespace} repeat ${purge.repeat}: ${purge.reason}`);
  }

  /** Hands the state on before the history nears the server's limits; nothing may be in flight then. */
  async #continueAsNewIfDue(): Promise<void> {
    const { plan, state } = this.#session;
    if (!isHistoryLong(plan)) return;
    // A purge that arrives meanwhile keeps its handler open until it is done: it goes first.
    await condition(() => state.active.length === 0 && (state.purges.length > 0 || allHandlersFinished()));
    if (state.purges.length > 0) return;
    this.#pool.stop();
    const carried = withinBudget(plan, state);
    await continueAsNew<(input: SessionInput) => Promise<SessionResult>>({ plan, state: carried });
  }

  /** While another host of the pool is waited for, the home host may be there. */
  #mayPurge(): boolean {
    const { plan, state } = this.#session;
    return plan.pool !== undefined && state.purges.length > 0;
  }

  /** Something that has to be seen to although nobody has resumed. */
  #interrupted(): boolean {
    const { plan, state } = this.#session;
    const handOn = isHistoryLong(plan) && state.active.length === 0 && allHandlersFinished();
    return handOn || state.purges.length > 0;
  }

  async #giveUp(missing: RepeatId[]): Promise<void> {
    const { state } = this.#session;
    const alike = missing.every((id) => failsAlike(state, id));
    await this.#session.block(
      alike ? 'same-failure' : 'budget-spent',
      `${missing.length} repeat(s) could not be completed: ${this.#openReasons()}`,
      incompleteMilestones(this.#session.plan, state),
    );
  }

  #openReasons(): string {
    const reasons = Object.entries(this.#session.state.open).map(([key, { reason }]) => `${key} (${reason})`);
    const shown = reasons.slice(0, 5).join('; ');
    return reasons.length > 5 ? `${shown}; … and ${reasons.length - 5} more` : shown;
  }
}

/** Which lanes are out of use, why, and what waits for them. */
function noLaneReason(state: SessionState, stuck: readonly RepeatId[]): string {
  const [first] = stuck;
  const others = stuck.length > 1 ? ` and ${stuck.length - 1} more` : '';
  const waiting =
    first === undefined ? '' : `; ${first.namespace} repeat ${first.repeat}${others} cannot run`;
  return `quarantined lanes: ${quarantineText(state)}${waiting}`;
}
