import { setTimeout as sleep } from 'node:timers/promises';

import { Context } from '@temporalio/activity';

import { type Lane, laneTries, recordedLane } from '../../domain/lanes/lanes.ts';
import { gateOpenLine } from '../../domain/observation/milestones.ts';
import { freeMemoryLimitMib } from '../../domain/audit/status-document.ts';
import { waitForGpus } from '../../host/gpu/gpu-gate.ts';
import { type HostLock, acquireHostLock, laneResources } from '../../host/lock/host-lock.ts';
import { pollUntil, type PollLook } from '../../host/lock/poll-until.ts';
import { waitForLane } from '../../host/gpu/wait-for-lane.ts';
import { leaseFreeGpus } from '../../host/gpu/lease-free-gpus.ts';
import type { Gpu } from '../../host/gpu/gpus.ts';
import { readSpentAttempts } from '../repeat/attempt.ts';
import { type LaneCleaner, laneCleaner } from '../repeat/end-repeat.ts';
import { type Launch, logLines, lookAtGpus, type Repeat, waitReporter } from '../repeat/repeat.ts';

/** A lane that is ours until `lease` is released. */
export interface OpenLane {
  /** `<host>/gpu0,1` or `<host>/cpu0`; a declared one `<host>/<name>`. */
  name: string;
  gpus: Gpu[];
  lease: HostLock;
  /** As the host profile declares it; null for a lane of any free GPUs. */
  declared: Lane | null;
}

export type LaneOpening =
  | { kind: 'open'; lane: OpenLane }
  /** The gate stayed closed: nothing is held. `leased`: other runs of calib's have all lanes. */
  | { kind: 'closed'; reason: string; leased: boolean };

/** What a lane is opened for. */
export type LaneUse = Pick<Launch, 'attempt' | 'launchDir' | 'mark'> & {
  /** When the waiting began and when it is given up, ms of the monotonic clock. */
  startedAtMs: number;
  deadlineMs: number;
};

/**
 * Gets the repeat a lane: its number of free GPUs, leased host-wide, or a slot without any. Waits until the deadline.
 *
 * @throws the cancellation's reason when cancelled.
 */
export async function openLane(repeat: Repeat, use: LaneUse): Promise<LaneOpening> {
  if (repeat.input.lanes !== undefined) return await takeDeclared(repeat, use, repeat.input.lanes);
  return repeat.unit.gpus === 0 ? await takeSlot(repeat, use) : await takeGpus(repeat, use);
}

/**
 * The last look before the launch, `recheckMs` after the lane was taken: a server that is shutting down frees its
 * memory in steps. False when a GPU is no longer free.
 */
export async function isStillFree(
  repeat: Repeat,
  lane: OpenLane,
  takenAtMs: number,
  use: LaneUse,
): Promise<boolean> {
  if (lane.gpus.length === 0) return true;
  const signal = Context.current().cancellationSignal;
  await sleep(Math.max(0, repeat.timing.recheckMs - (performance.now() - takenAtMs)), undefined, { signal });
  const indices = lane.gpus.map(({ index }) => index);
  const read = () => lookAtGpus(repeat);
  const look = await waitForGpus({ indices, recheckMs: 0, deadlineMs: 0, signal, read });
  const waitedSeconds = (performance.now() - use.startedAtMs) / 1000;
  if (look.kind === 'closed') {
    await reporterOf(repeat, use)({ waitedMs: waitedSeconds * 1000, text: look.reason });
    return false;
  }
  const usedMib = Object.fromEntries(look.gpus.map(({ index, usedMib }) => [index, usedMib]));
  const line = gateOpenLine(repeat.label, { usedMib, limitMib: freeMemoryLimitMib, waitedSeconds });
  await logLines(repeat, line);
  return true;
}

async function takeGpus(repeat: Repeat, use: LaneUse): Promise<LaneOpening> {
  const { deps, unit, timing } = repeat;
  const cleaner = laneCleaner(repeat, use.mark);
  const waitedBefore = performance.now() - use.startedAtMs;
  const report = reporterOf(repeat, use);
  const leased = await leaseFreeGpus({
    count: unit.gpus,
    allowed: deps.gpus,
    holder: holderOf(repeat),
    deadlineMs: use.deadlineMs - performance.now(),
    pollMs: timing.gatePollMs,
    evenBusy: cleaner.exists,
    onWaiting: ({ waitedMs, text }) => report({ waitedMs: waitedBefore + waitedMs, text }),
    signal: Context.current().cancellationSignal,
    read: () => lookAtGpus(repeat),
  });
  if (leased.kind === 'closed') return { kind: 'closed', reason: leased.reason, leased: leased.leased };
  const indices = leased.gpus.map(({ index }) => index);
  const lane = {
    name: `${deps.hostname}/gpu${indices.join(',')}`,
    gpus: leased.gpus,
    lease: leased.lease,
    declared: null,
  };
  return await cleared(repeat, use, { lane, cleaner });
}

/** One of the session's declared lanes; those on which this repeat has failed as infra in this pass come last. */
async function takeDeclared(repeat: Repeat, use: LaneUse, lanes: readonly Lane[]): Promise<LaneOpening> {
  const { deps, unit, timing } = repeat;
  const cleaner = laneCleaner(repeat, use.mark);
  const report = reporterOf(repeat, use);
  const waitedBefore = performance.now() - use.startedAtMs;
  const failed = laneTries(await readSpentAttempts(repeat)).filter((each) => each.failed);
  const failures = ({ name }: Lane) => failed.filter(({ lane }) => lane === name).length;
  const leased = await waitForLane({
    lanes: lanes.toSorted((a, b) => failures(a) - failures(b)),
    count: unit.gpus,
    host: deps.hostname,
    allowed: deps.gpus,
    holder: holderOf(repeat),
    deadlineMs: use.deadlineMs - performance.now(),
    pollMs: unit.gpus === 0 ? timing.slotPollMs : timing.gatePollMs,
    evenBusy: cleaner.exists,
    onWaiting: ({ waitedMs, text }) => report({ waitedMs: waitedBefore + waitedMs, text }),
    signal: Context.current().cancellationSignal,
    read: () => lookAtGpus(repeat),
  });
  if (leased.kind === 'closed') return leased;
  const { lane: declared, gpus, lease } = leased;
  const lane = { name: recordedLane(deps.hostname, declared.name), gpus, lease, declared };
  return await cleared(repeat, use, { lane, cleaner });
}

/** A leased lane after the dedicated host's own clean-up, where there is one. */
async function cleared(
  repeat: Repeat,
  use: LaneUse,
  { lane, cleaner }: { lane: OpenLane; cleaner: LaneCleaner },
): Promise<LaneOpening> {
  const indices = lane.gpus.map(({ index }) => index);
  if (!cleaner.exists || indices.length === 0) return { kind: 'open', lane };
  try {
    const refused = await clearedLane({ repeat, use, indices, cleaner });
    if (refused === null) return { kind: 'open', lane };
    await lane.lease.release();
    return { kind: 'closed', reason: refused, leased: false };
  } catch (error) {
    await lane.lease.release();
    throw error;
  }
}

/** Runs the dedicated host's own clean-up on a leased lane until it is free; gives the reason when it stays busy. */
async function clearedLane(clearing: {
  repeat: Repeat;
  use: LaneUse;
  indices: number[];
  cleaner: LaneCleaner;
}): Promise<string | null> {
  const { repeat, use, indices, cleaner } = clearing;
  const waitedBefore = performance.now() - use.startedAtMs;
  const report = reporterOf(repeat, use);
  await cleaner.clean(indices);
  const gate = {
    indices,
    recheckMs: 0,
    pollMs: repeat.timing.gatePollMs,
    signal: Context.current().cancellationSignal,
    read: () => lookAtGpus(repeat),
  };
  const result = await waitForGpus({
    ...gate,
    deadlineMs: Math.max(0, use.deadlineMs - performance.now()),
    onWaiting: async ({ waitedMs, text }) => {
      await report({ waitedMs: waitedBefore + waitedMs, text });
      await cleaner.cleanIfDue(indices);
    },
  });
  if (result.kind === 'open') return null;
  // At the time limit one forced clean-up, and one more look.
  await cleaner.clean(indices);
  await sleep(repeat.timing.recheckMs, undefined, { signal: gate.signal });
  const last = await waitForGpus({ ...gate, deadlineMs: 0 });
  return last.kind === 'open' ? null : last.reason;
}

async function takeSlot(repeat: Repeat, use: LaneUse): Promise<LaneOpening> {
  const report = reporterOf(repeat, use);
  const waitedBefore = performance.now() - use.startedAtMs;
  const polled = await pollUntil({
    look: () => lookForSlot(repeat),
    deadlineMs: Math.max(0, use.deadlineMs - performance.now()),
    pollMs: repeat.timing.slotPollMs,
    onWaiting: ({ waitedMs, text }) => report({ waitedMs: waitedBefore + waitedMs, text }),
    signal: Context.current().cancellationSignal,
  });
  if (polled.kind === 'done') return { kind: 'open', lane: polled.value };
  return { kind: 'closed', reason: polled.wait.text, leased: true };
}

async function lookForSlot(repeat: Repeat): Promise<PollLook<OpenLane, { text: string }>> {
  const { hostname, lanes } = repeat.deps;
  const holders: string[] = [];
  for (let slot = 0; slot < lanes; slot += 1) {
    const name = `cpu${slot}`;
    const resources = laneResources({ gpuUuids: [], host: hostname, name });
    const taken = await acquireHostLock({ resources, holder: holderOf(repeat) });
    if (taken.kind === 'held') {
      const lane = { name: recordedLane(hostname, name), gpus: [], lease: taken.lease, declared: null };
      return { kind: 'done', value: lane };
    }
    holders.push(`${name}: held by ${taken.holder || 'another run'}`);
  }
  return { kind: 'wait', text: `no lane without GPUs is free: ${holders.join(' | ')}` };
}

function reporterOf(repeat: Repeat, use: LaneUse) {
  return waitReporter(repeat, {
    state: 'waiting',
    attempt: use.attempt,
    launch_dir: use.launchDir,
    lane: null,
  });
}

/** What others on this host are told about who holds a lane. */
export function holderOf({ input }: Repeat): string {
  return `session ${input.session_id}, ${input.namespace}, repeat ${input.repeat}`;
}
