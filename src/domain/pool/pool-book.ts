import type { Lane } from '../lanes/lane.ts';
import { recordedLane } from '../lanes/lane.ts';
import type { JoinOutcome } from './pool-join.ts';
import type { SessionStandard } from './session-standard.ts';

/** How a host of the pool stands to a session. */
export type PoolHost =
  | {
      state: 'joined';
      since: string;
      /** The session's directory there. */
      run_dir: string;
      lanes: Lane[];
      slots: number;
      gpus: number;
    }
  /** It differs from the session's standard; left alone until `resume`. */
  | { state: 'refused'; since: string; reason: string }
  /** It no longer takes what it is given; it may join again at any time. */
  | { state: 'lost'; since: string; reason: string };

/** What the session of a pool knows of its hosts; part of the state. */
export interface PoolBook {
  /** Null until the home host has told it. */
  standard: SessionStandard | null;
  /** By machine name. */
  hosts: Record<string, PoolHost>;
  /** Repeats given to hosts so far. */
  dispatches: number;
}

/** No host yet. */
export function newPoolBook(standard: SessionStandard | null): PoolBook {
  return { standard, hosts: {}, dispatches: 0 };
}

/** Takes a host's answer into the book; gives what it says, in words. Changes `book`. */
export function takeJoin(book: PoolBook, outcome: JoinOutcome, now: string): string[] {
  const { host } = outcome;
  if (outcome.kind === 'refused') {
    const reason = outcome.reasons.join('; ');
    book.hosts[host] = { state: 'refused', since: now, reason };
    return [`host ${host} is refused for this session: ${reason}`];
  }
  const { run_dir, lanes, slots, gpus } = outcome;
  book.hosts[host] = { state: 'joined', since: now, run_dir, lanes, slots, gpus };
  const names = poolLanes(book).filter(({ name }) => hostOfLane(name) === host);
  return [
    `host ${host} takes part with ${names.length} lane(s), directory ${run_dir}`,
    ...outcome.notes.map((note) => `host ${host}: ${note}`),
  ];
}

/** The lanes of the hosts that take part, each under the name that its records bear. */
export function poolLanes({ hosts }: Pick<PoolBook, 'hosts'>): Lane[] {
  return Object.entries(hosts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([host, entry]) => {
      if (entry.state !== 'joined') return [];
      if (entry.lanes.length > 0)
        return entry.lanes.map((lane) => ({ ...lane, name: recordedLane(host, lane.name) }));
      return Array.from({ length: entry.slots }, (_, index) => ({
        name: recordedLane(host, `slot${index}`),
        gpus: [],
        any_gpus: entry.gpus,
      }));
    });
}

/** The machine of a pool's lane. */
export function hostOfLane(name: string): string {
  return name.slice(0, name.lastIndexOf('/'));
}

/** The hosts that need not be asked again: those that take part and those that were refused. */
export function knownHosts({ hosts }: PoolBook): string[] {
  return Object.entries(hosts)
    .filter(([, { state }]) => state !== 'lost')
    .map(([host]) => host)
    .sort();
}

/** Refused hosts may prove themselves again; gives their names. Changes `book`. */
export function forgetRefused(book: PoolBook): string[] {
  const refused = Object.entries(book.hosts).filter(([, { state }]) => state === 'refused');
  const names = refused.map(([host]) => host);
  book.hosts = Object.fromEntries(Object.entries(book.hosts).filter(([host]) => !names.includes(host)));
  return names;
}
