import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { hasCode } from '../run-directory/files.ts';
import {
  findOwnProcesses,
  type OwnershipProof,
  type OwnershipQuery,
  type OwnProcess,
} from './find-own-processes.ts';
import { isAlive, type ProcessIdentity, readCommandLine } from './identity.ts';
import type { LaunchIdentity } from './launch-files.ts';
import type { RepeatMark } from './repeat-mark.ts';

const manifestName = 'router_pgids.txt';
/** pytest's base temp keeps manifests a few levels down; deeper trees are model output. */
const deepestLevel = 8;

/**
 * Process group ids from every `router_pgids.txt` below a base temp folder: one integer per line, junk
 * ignored, only numbers > 1, without repetition. Links are not followed. A missing folder holds none.
 */
export async function readGroupManifests(baseTemp: string): Promise<number[]> {
  const groups = new Set<number>();
  for (const path of await findManifests(baseTemp, 0)) {
    for (const line of (await readFile(path, 'utf8').catch(() => '')).split('\n')) {
      const group = /^\s*\d+\s*$/.test(line) ? Number(line) : 0;
      if (group > 1 && Number.isSafeInteger(group)) groups.add(group);
    }
  }
  return [...groups];
}

async function findManifests(folder: string, level: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const found: string[] = [];
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isFile() && entry.name === manifestName) found.push(path);
    if (entry.isDirectory() && level < deepestLevel) found.push(...(await findManifests(path, level + 1)));
  }
  return found;
}

export interface EndProcessesOptions {
  /** Whose processes end: the narrower, the fewer. */
  mark: RepeatMark;
  /** Of the launch, when known and proven (`adoptLaunch` gives it). */
  identity?: LaunchIdentity | undefined;
  /** pytest's base temp folder, searched for `router_pgids.txt`. */
  baseTemp?: string;
  /** Milliseconds between TERM and KILL; default 10 s. */
  graceMs?: number;
  /** Milliseconds to wait after KILL before a process counts as un-killable; default 30 s. */
  killWaitMs?: number;
}

/** A process that calib signalled: an event of the attempt's record. */
export interface EndedProcess {
  pid: number;
  /** At most 200 characters. */
  command: string;
  proof: OwnershipProof;
  /** The last signal sent. */
  signal: 'SIGTERM' | 'SIGKILL';
}

export interface EndedProcesses {
  /** Signalled and verified gone. */
  ended: EndedProcess[];
  /** Signalled and still there: the lane must be closed. */
  unkillable: EndedProcess[];
}

const defaultGraceMs = 10_000;
const defaultKillWaitMs = 30_000;
/** What the supervisor gets to write the exit status after its child is gone. */
const supervisorWaitMs = 5000;
const lookPauseMs = 50;

/**
 * Ends everything that provably belongs to a repeat: TERM, grace, KILL, and verifies that it is gone.
 * The table of processes is read again before each round, so children born meanwhile are found; every signal goes to
 * one pid whose start ticks were just checked. Calling it with nothing left to do is cheap and changes nothing.
 */
export async function endProcesses(options: EndProcessesOptions): Promise<EndedProcesses> {
  const query: OwnershipQuery = {
    mark: options.mark,
    identity: options.identity,
    manifestGroups: options.baseTemp === undefined ? [] : await readGroupManifests(options.baseTemp),
  };
  const log = new Map<string, EndedProcess>();
  const survivors = await signalUntilGone({
    query,
    log,
    signal: 'SIGTERM',
    waitMs: options.graceMs ?? defaultGraceMs,
  });
  const killWaitMs = options.killWaitMs ?? defaultKillWaitMs;
  const remaining =
    survivors.length === 0
      ? []
      : await signalUntilGone({ query, log, signal: 'SIGKILL', waitMs: killWaitMs });
  if (options.identity !== undefined) await awaitSupervisor(options.identity);
  const left = new Set(remaining.map(keyOf));
  const entries = [...log];
  return {
    ended: entries.filter(([key]) => !left.has(key)).map(([, entry]) => entry),
    unkillable: entries.filter(([key]) => left.has(key)).map(([, entry]) => entry),
  };
}

/** Sends the signal once to each process as it is found; gives those left after the wait. */
async function signalUntilGone(round: {
  query: OwnershipQuery;
  log: Map<string, EndedProcess>;
  signal: EndedProcess['signal'];
  waitMs: number;
}): Promise<OwnProcess[]> {
  const { query, log, signal, waitMs } = round;
  const deadline = performance.now() + waitMs;
  const signalled = new Set<string>();
  for (;;) {
    const found = await findOwnProcesses(query);
    for (const target of found) {
      if (signalled.has(keyOf(target))) continue;
      signalled.add(keyOf(target));
      const command = await readCommandLine(target.pid);
      if (send(target, signal))
        log.set(keyOf(target), { pid: target.pid, command, proof: target.proof, signal });
    }
    if (found.length === 0 || performance.now() >= deadline) return found;
    await sleep(lookPauseMs);
  }
}

/**
 * The supervisor ends by itself, after leaving the exit status, and is never signalled here: on a full disk it keeps
 * trying for minutes, with the lane's lease already given back.
 */
async function awaitSupervisor(identity: LaunchIdentity): Promise<void> {
  const { boot_id } = identity;
  const deadline = performance.now() + supervisorWaitMs;
  if (isAlive({ ...identity.child, boot_id })) return;
  while (isAlive({ ...identity.supervisor, boot_id }) && performance.now() < deadline)
    await sleep(lookPauseMs);
}

function send(target: ProcessIdentity, signal: NodeJS.Signals): boolean {
  if (!isAlive(target)) return false;
  try {
    process.kill(target.pid, signal);
    return true;
  } catch (error) {
    // Gone in between, or it changed its user: verified by the next look either way.
    return hasCode(error, 'EPERM');
  }
}

function keyOf(identity: ProcessIdentity): string {
  return `${identity.pid}:${identity.start_ticks}`;
}
