import type { Lane } from '../../domain/lanes/lanes.ts';
import { describeBlocker, formatBlocker, type Gpu, type GpuReading, isFreeGpu } from './gpus.ts';
import { type HostLock, acquireHostLock, laneResources } from '../lock/host-lock.ts';
import { pollUntil, type PollLook } from '../lock/poll-until.ts';

export interface WaitForLaneOptions {
  /** Declared lanes in order of preference. */
  lanes: readonly Lane[];
  /** GPUs that the launch needs: the lowest ones of its lane; 0 = the lane alone. */
  count: number;
  host: string;
  /** `nvidia-smi` indices that this worker may use; null = all. */
  allowed: readonly number[] | null;
  /** What others are told about who holds it. */
  holder: string;
  /** Milliseconds after which the waiting is given up. */
  deadlineMs: number;
  pollMs: number;
  /** Take a lane with busy GPUs too where no other is free: the caller is about to clear them. */
  evenBusy: boolean;
  onWaiting: (wait: { waitedMs: number; text: string }) => void | Promise<void>;
  signal: AbortSignal;
  read: () => Promise<GpuReading>;
  scope?: string;
}

export type LeasedLane =
  | { kind: 'open'; lane: Lane; gpus: Gpu[]; lease: HostLock }
  /** Nothing is held. `leased`: other runs of calib's have what would have done. */
  | { kind: 'closed'; reason: string; leased: boolean };

/**
 * Waits until one of the lanes is free, its GPUs included, and leases it as a whole: name and all of its
 * GPUs, so that neither a session with other lanes nor one without any can get at them. Kills nothing.
 *
 * @throws the signal's reason when aborted.
 */
export async function waitForLane(options: WaitForLaneOptions): Promise<LeasedLane> {
  const polled = await pollUntil({ ...options, look: () => lookAndLease(options) });
  if (polled.kind === 'done') return polled.value;
  const { text, leased } = polled.wait;
  if (polled.kind === 'hopeless') return { kind: 'closed', reason: text, leased };
  const reason = `${text} (waited ${Math.round(polled.waitedMs / 1000)} s)`;
  return { kind: 'closed', reason, leased };
}

type OpenLane = Extract<LeasedLane, { kind: 'open' }>;
type Look = PollLook<OpenLane, { text: string; leased: boolean }>;

interface KnownLane {
  lane: Lane;
  /** All of the lane's. */
  gpus: Gpu[];
  busy: Gpu[];
}

async function lookAndLease(options: WaitForLaneOptions): Promise<Look> {
  const reading: GpuReading = options.count === 0 ? { kind: 'gpus', gpus: [] } : await options.read();
  if (reading.kind !== 'gpus') {
    const text = `${reading.message}. ${reading.remedy}`;
    return { kind: reading.kind === 'missing' ? 'hopeless' : 'wait', text, leased: false };
  }
  const known: KnownLane[] = [];
  const problems: string[] = [];
  for (const lane of options.lanes) {
    const problem = options.count === 0 ? null : laneProblem(lane, reading.gpus, options);
    if (problem !== null) problems.push(`lane ${lane.name}: ${problem}`);
    else known.push(knownLane(lane, reading.gpus, options.count));
  }
  if (known.length === 0) return { kind: 'hopeless', text: problems.join(' | '), leased: false };
  const free = known.filter(({ busy }) => busy.length === 0);
  const candidates = options.evenBusy ? [...free, ...known.filter(({ busy }) => busy.length > 0)] : free;
  const held: string[] = [];
  for (const candidate of candidates) {
    const taken = await take(options, candidate);
    if (typeof taken !== 'string') return { kind: 'done', value: taken };
    held.push(`lane ${candidate.lane.name}: leased to ${taken || 'another run'}`);
  }
  const blocked = options.evenBusy ? [] : await blockedLines(known);
  return { kind: 'wait', text: [...problems, ...held, ...blocked].join(' | '), leased: held.length > 0 };
}

function laneProblem(lane: Lane, gpus: readonly Gpu[], { allowed }: WaitForLaneOptions): string | null {
  const unknown = lane.gpus.filter((index) => !gpus.some((gpu) => gpu.index === index));
  if (unknown.length > 0) {
    return `nvidia-smi shows no GPU ${unknown.join(', ')}; it shows ${gpus.map(({ index }) => index).join(', ') || 'none'}`;
  }
  const refused = lane.gpus.filter((index) => allowed !== null && !allowed.includes(index));
  return refused.length === 0
    ? null
    : `this worker may not use GPU ${refused.join(', ')} (--gpus ${allowed?.join(',') ?? ''})`;
}

function knownLane(lane: Lane, all: readonly Gpu[], count: number): KnownLane {
  const gpus = all.filter(({ index }) => lane.gpus.includes(index)).sort((a, b) => a.index - b.index);
  return { lane, gpus, busy: gpus.slice(0, count).filter((gpu) => !isFreeGpu(gpu)) };
}

/** The lane, or who has it. */
async function take(
  { count, host, holder, scope }: WaitForLaneOptions,
  { lane, gpus }: KnownLane,
): Promise<OpenLane | string> {
  const uuids = gpus.map(({ uuid }) => uuid);
  const result = await acquireHostLock({
    resources: [
      ...laneResources({ gpuUuids: [], host, name: lane.name }),
      ...(uuids.length === 0 ? [] : laneResources({ gpuUuids: uuids, host, name: lane.name })),
    ],
    holder,
    ...(scope === undefined ? {} : { scope }),
  });
  if (result.kind === 'busy') return result.holder;
  return { kind: 'open', lane, gpus: gpus.slice(0, count), lease: result.lease };
}

async function blockedLines(known: readonly KnownLane[]): Promise<string[]> {
  return await Promise.all(
    known
      .filter(({ busy }) => busy.length > 0)
      .map(async ({ lane, busy }) => {
        const blockers = await Promise.all(
          busy.map(async (gpu) => formatBlocker(await describeBlocker(gpu))),
        );
        return `lane ${lane.name}: ${blockers.join(', ')}`;
      }),
  );
}
