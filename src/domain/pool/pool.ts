import { z } from 'zod';

import { compareEnvironments, identityDifferenceLines } from '../fingerprint/compare.ts';
import { type EnvironmentFacts, environmentFactsSchema } from '../fingerprint/environment.ts';
import { type Lane, recordedLane } from '../lanes/lanes.ts';

/** Whether a host of a pool is the environment that its session began in. */
export interface EnvironmentProof {
  /** What differs, and what the home host knows and this one cannot tell; empty where it is proven. */
  reasons: string[];
  /** What could not be compared, because the home host does not know it. */
  notes: string[];
}

/**
 * Holds a host against the session's environment. Stricter than a resume on one host, where something that
 * can no longer be read is probably what it was: nothing is known of this host but what it shows.
 *
 * @param standard as the home host recorded it
 * @param here as this host is now
 */
export function proveEnvironment(standard: EnvironmentFacts, here: EnvironmentFacts): EnvironmentProof {
  const comparison = compareEnvironments(standard, here);
  const unknown = comparison.unknown.filter((entry) => entry.class === 'identity');
  const names = (side: 'a' | 'b'): string[] =>
    unknown.filter(({ known_in }) => known_in === side).map(({ field }) => field);
  return {
    reasons: [
      ...identityDifferenceLines(comparison),
      ...names('a').map((field) => `${field}: recorded on the home host, cannot be read here`),
    ],
    notes: names('b').map((field) => `${field} is not known of the home host, so not compared`),
  };
}

/** What a host of a pool offers to a session, or why it may not take part. */
export type JoinOutcome =
  | {
      kind: 'joined';
      /** The machine's name: part of its queues and of every record made on it. */
      host: string;
      /** The session's directory there; on the home host the run directory itself. */
      run_dir: string;
      /** Declared lanes; empty where any free GPUs are one. */
      lanes: Lane[];
      /** Repeats at a time where no lanes are declared. */
      slots: number;
      /** GPUs that a repeat may have there where no lanes are declared. */
      gpus: number;
      /** For `run.log`. */
      notes: string[];
    }
  /** `reasons`: each difference, spelled out. */
  | { kind: 'refused'; host: string; reasons: string[] };

/**
 * What every other host of a pool is held against before it takes a session's repeats, as the home host recorded it;
 * the commit and the tree's fingerprint are in the plan.
 */
export const requiredEnvironmentSchema = z.object({
  environment: environmentFactsSchema,
  /** Of the session's stage definitions as they are now: a halt may have had them corrected. */
  stages_yaml_sha256: z.string(),
});
export type RequiredEnvironment = z.infer<typeof requiredEnvironmentSchema>;

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
export interface PoolState {
  /** Null until the home host has told it. */
  standard: RequiredEnvironment | null;
  /** By machine name. */
  hosts: Record<string, PoolHost>;
  /** Repeats given to hosts so far. */
  dispatches: number;
}

/** No host yet. */
export function newPoolState(standard: RequiredEnvironment | null): PoolState {
  return { standard, hosts: {}, dispatches: 0 };
}

/** Takes a host's answer into the book; gives what it says, in words. Changes `book`. */
export function takeJoin(book: PoolState, outcome: JoinOutcome, now: string): string[] {
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
export function poolLanes({ hosts }: Pick<PoolState, 'hosts'>): Lane[] {
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
export function knownHosts({ hosts }: PoolState): string[] {
  return Object.entries(hosts)
    .filter(([, { state }]) => state !== 'lost')
    .map(([host]) => host)
    .sort();
}

/** Refused hosts may prove themselves again; gives their names. Changes `book`. */
export function forgetRefused(book: PoolState): string[] {
  const refused = Object.entries(book.hosts).filter(([, { state }]) => state === 'refused');
  const names = refused.map(([host]) => host);
  book.hosts = Object.fromEntries(Object.entries(book.hosts).filter(([host]) => !names.includes(host)));
  return names;
}

/**
 * What a repeat that ran on another host left, as it is carried to the session's run directory: its records, byte for
 * byte. pytest's log and result files stay where they are; the records say where.
 */
export const repeatRecordSchema = z.object({
  schema: z.literal('calib.repeat-record/1'),
  session_id: z.string(),
  /** The machine that it ran on. */
  host: z.string(),
  /** The session's directory there. */
  run_dir: z.string(),
  namespace: z.string(),
  repeat: z.number().int().positive(),
  /** Texts by path relative to the run directory, `/`-separated. */
  files: z.record(z.string(), z.string()),
  /** Lines that its run wrote into `run.log` there, oldest first, without their times. */
  log_lines: z.array(z.string()),
});
export type RepeatRecord = z.infer<typeof repeatRecordSchema>;

/** A record that is larger than this, as JSON in bytes, is no record: Temporal refuses payloads of 2 MiB. */
export const repeatRecordLimit = 1024 * 1024;
