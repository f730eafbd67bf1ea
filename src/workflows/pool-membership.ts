import { CancellationScope, condition, isCancellation, sleep } from '@temporalio/workflow';

import {
  type JoinOutcome,
  knownHosts,
  newPoolState,
  poolLanes,
  type PoolState,
  type RequiredEnvironment,
  takeJoin,
} from '../domain/pool/pool.ts';
import { workInHand } from '../domain/session/schedule.ts';
import { type Phase, addNote } from '../domain/session/session-state.ts';
import { failureMessage, isParked, now, type SessionContext } from './session-context.ts';

/** Who of the pool takes part: offers the session to its hosts and keeps the book of their answers. */
export class PoolMembership {
  readonly #session: SessionContext;
  /** The offers that go on; ended before the session hands its state on or has no work left. */
  #offering: CancellationScope | null = null;
  /** The session's wait for a host, where it waits for one. */
  #parked: Phase | null;

  constructor(session: SessionContext) {
    this.#session = session;
    const { phase } = session.state;
    // A history that is handed on while a host is waited for: nothing else can wait for a worker at that time.
    this.#parked = isParked(phase) ? phase : null;
  }

  /** Offers the session for as long as it has repeats to give; nothing happens where it has no pool. */
  start(): void {
    if (this.#session.plan.pool === undefined || this.#offering !== null) return;
    const scope = new CancellationScope();
    this.#offering = scope;
    void scope
      .run(() => this.#offer())
      .catch((error: unknown) => {
        if (!isCancellation(error)) throw error;
      });
  }

  stop(): void {
    this.#offering?.cancel();
    this.#offering = null;
  }

  /** All hosts prove themselves anew, against what the home host records now. */
  renew(book: PoolState): void {
    this.#session.state.pool = { ...newPoolState(book.standard), dispatches: book.dispatches };
  }

  /** A host that no longer takes what it is given. */
  async lose(host: string, reason: string): Promise<void> {
    await this.#leaveOut(host, { state: 'lost', since: now(), reason }, `host ${host} is lost: ${reason}`);
  }

  /** A host on which a repeat failed in a way that is its own fault; left alone until `resume`. */
  async refuse(host: string, reason: string): Promise<void> {
    await this.#leaveOut(
      host,
      { state: 'refused', since: now(), reason },
      `host ${host} is left out of this session: ${reason}; \`resume\` brings it back`,
    );
  }

  /** Says so when no host can take anything for a while; the session resumes automatically as soon as one can. */
  async untilHost(): Promise<void> {
    const { plan, state } = this.#session;
    if (await this.#session.nextChangeWithin(plan.policies.worker_wait_s * 1000)) return;
    if (!this.#waitsForHost() || state.phase.kind !== 'calibrating') return;
    const reason = this.#lackOfHosts();
    addNote(state, now(), reason);
    this.#parked = { kind: 'blocked', since: now(), cause: 'no-worker', reason };
    this.#session.setPhase(this.#parked);
    await this.#session.log(`waiting: ${reason}`);
  }

  /** Ends the wait for a host once something can be run: after an answer, or a purge that changed what comes next. */
  unpark(): void {
    const { state } = this.#session;
    if (this.#parked === null || this.#waitsForHost()) return;
    if (state.phase === this.#parked) this.#session.setPhase({ kind: 'calibrating' });
    this.#parked = null;
  }

  /** One offer after the other; an answer to one that no longer holds is not taken: its host is asked again. */
  async #offer(): Promise<void> {
    for (;;) {
      await condition(() => this.#isWanted());
      const { standard } = this.#book;
      if (standard === null) return;
      const known = knownHosts(this.#book);
      const isStale = () =>
        !this.#isWanted() ||
        knownHosts(this.#book).join() !== known.join() ||
        this.#book.standard !== standard;
      const offer = new CancellationScope();
      const answer = offer.run(() => this.#ask(standard, known));
      const outcome = await Promise.race([answer, condition(isStale).then(() => null)]);
      if (isStale()) offer.cancel();
      else if (outcome !== null) await this.#take(outcome);
    }
  }

  /** While nothing is launched no host is looked for: asking for days would be for nothing. */
  #isWanted(): boolean {
    const { phase, pause_requested: isPaused } = this.#session.state;
    return !isPaused && (phase.kind === 'calibrating' || isParked(phase));
  }

  /** A host's answer; where hosts cannot be asked, which is said, null after a while. */
  async #ask(standard: RequiredEnvironment, known: string[]): Promise<JoinOutcome | null> {
    const { plan, state, activities } = this.#session;
    const summary = `offer to pool ${plan.pool ?? ''}`;
    try {
      return await activities.pool.joinSession.executeWithOptions({ summary }, [{ plan, standard, known }]);
    } catch (error) {
      if (isCancellation(error)) throw error;
      const { worker_wait_s: waitSeconds } = plan.policies;
      const reason = `hosts of the pool could not be asked, they are asked again in ${waitSeconds} s: ${failureMessage(error)}`;
      addNote(state, now(), reason);
      await this.#session.log(`⚠ ${reason}`);
      await sleep(waitSeconds * 1000);
      return null;
    }
  }

  async #take(outcome: JoinOutcome): Promise<void> {
    const lines = takeJoin(this.#book, outcome, now());
    for (const line of lines) addNote(this.#session.state, now(), line);
    this.unpark();
    this.#session.changed();
    await this.#session.log(...lines);
  }

  /** True while nothing that is to be run next fits a lane of the hosts that take part. */
  #waitsForHost(): boolean {
    const { plan, state } = this.#session;
    return state.active.length === 0 && workInHand(plan, state)?.kind === 'wait';
  }

  /** What is missing, and what somebody can do. */
  #lackOfHosts(): string {
    const { plan } = this.#session;
    const isEmpty = poolLanes(this.#book).length === 0;
    const what = isEmpty
      ? `no host of pool ${plan.pool ?? ''} takes part`
      : `no host of pool ${plan.pool ?? ''} that takes part has a lane with GPUs enough for what is to be run next`;
    const refusals = this.#refusals();
    const remedy = refusals === '' ? '' : '; `resume` lets refused hosts prove themselves again';
    return `${what}${refusals}: start \`calib worker\` on one${isEmpty ? '' : ' that has'}, the session then resumes automatically${remedy}`;
  }

  async #leaveOut(host: string, entry: PoolState['hosts'][string], line: string): Promise<void> {
    if (this.#book.hosts[host]?.state !== 'joined') return;
    this.#book.hosts[host] = entry;
    addNote(this.#session.state, now(), line);
    this.#session.changed();
    await this.#session.log(`⚠ ${line}`);
  }

  #refusals(): string {
    const refused = Object.entries(this.#book.hosts).flatMap(([host, entry]) =>
      entry.state === 'refused' ? [`${host}: ${entry.reason}`] : [],
    );
    return refused.length === 0 ? '' : ` (refused: ${refused.join(' | ')})`;
  }

  get #book(): PoolState {
    return (this.#session.state.pool ??= newPoolState(null));
  }
}
