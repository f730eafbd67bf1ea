import { CancellationScope, condition, isCancellation } from '@temporalio/workflow';

import type { JoinOutcome } from '../domain/pool/pool-join.ts';
import { type PoolBook, knownHosts, newPoolBook, poolLanes, takeJoin } from '../domain/pool/pool-book.ts';
import { type Phase, addNote } from '../domain/session/session-state.ts';
import { failureMessage } from './failure-message.ts';
import { type SessionContext, now } from './session-context.ts';

/** Who of the pool takes part: offers the session to its hosts and keeps the book of their answers. */
export class PoolMembership {
  readonly #session: SessionContext;
  /** The offers that go on; ended before the session hands its state on or has no work left. */
  #offering: CancellationScope | null = null;
  #parked: Phase | null = null;

  constructor(session: SessionContext) {
    this.#session = session;
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
  renew(book: PoolBook): void {
    this.#session.state.pool = { ...newPoolBook(book.standard), dispatches: book.dispatches };
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

  /** Says so when no host takes part for a while; the session goes on by itself as soon as one does. */
  async untilHost(): Promise<void> {
    const { plan, state } = this.#session;
    const isThere = () => poolLanes(this.#book).length > 0;
    if (await this.#session.nextChangeWithin(plan.policies.worker_wait_s * 1000)) return;
    if (isThere() || state.phase.kind !== 'calibrating') return;
    const reason = `no host of pool ${plan.pool ?? ''} takes part${this.#refusals()}: start \`calib worker\` on one, the session then goes on by itself`;
    addNote(state, now(), reason);
    this.#parked = { kind: 'blocked', since: now(), cause: 'no-worker', reason };
    this.#session.setPhase(this.#parked);
    await this.#session.log(`waiting: ${reason}`);
  }

  async #offer(): Promise<void> {
    const { plan, activities } = this.#session;
    for (;;) {
      const { standard } = this.#book;
      if (standard === null) return;
      const known = knownHosts(this.#book);
      const offer = new CancellationScope();
      const answer = offer.run(() =>
        activities.pool.joinSession.executeWithOptions({ summary: `offer to pool ${plan.pool ?? ''}` }, [
          { plan, standard, known },
        ]),
      );
      answer.catch(() => undefined);
      const isStale = () =>
        knownHosts(this.#book).join() !== known.join() || this.#book.standard !== standard;
      await Promise.race([answer, condition(isStale)]).catch(() => undefined);
      if (CancellationScope.current().consideredCancelled) return;
      if (isStale()) offer.cancel();
      else if (!(await this.#take(answer))) return;
    }
  }

  /** False when hosts cannot be asked at all. */
  async #take(answer: Promise<JoinOutcome>): Promise<boolean> {
    try {
      const lines = takeJoin(this.#book, await answer, now());
      for (const line of lines) addNote(this.#session.state, now(), line);
      this.#unpark();
      this.#session.changed();
      await this.#session.log(...lines);
      return true;
    } catch (error) {
      if (isCancellation(error)) throw error;
      const reason = `hosts of the pool are no longer asked: ${failureMessage(error)}`;
      addNote(this.#session.state, now(), reason);
      await this.#session.log(`⚠ ${reason}`);
      return false;
    }
  }

  #unpark(): void {
    const { state } = this.#session;
    if (this.#parked === null || poolLanes(this.#book).length === 0) return;
    if (state.phase === this.#parked) this.#session.setPhase({ kind: 'calibrating' });
    this.#parked = null;
  }

  async #leaveOut(host: string, entry: PoolBook['hosts'][string], line: string): Promise<void> {
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

  get #book(): PoolBook {
    return (this.#session.state.pool ??= newPoolBook(null));
  }
}
