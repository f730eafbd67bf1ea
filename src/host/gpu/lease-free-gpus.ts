import { describeBlocker, formatBlocker, type Gpu, type GpuReading, isFreeGpu, readGpus } from './gpus.ts';
import {
  type HostLock,
  acquireHostLock,
  joinHostLocks,
  hostLockHolder,
  laneResources,
} from '../lock/host-lock.ts';
import { pollUntil, type PollLook } from '../lock/poll-until.ts';

export interface LeaseFreeGpusOptions {
  /** GPUs that one launch needs. */
  count: number;
  /** Indices that may be taken; null = all that the driver lists. */
  allowed: readonly number[] | null;
  /** What others are told about who holds them. */
  holder: string;
  /** Milliseconds after which the waiting is given up. */
  deadlineMs: number;
  pollMs?: number;
  /** Take busy GPUs too where free ones are too few: the caller is about to clear them. */
  evenBusy?: boolean;
  /** Called after each look that found too few. */
  onWaiting?: (wait: { waitedMs: number; text: string }) => void | Promise<void>;
  signal?: AbortSignal;
  scope?: string;
  /** The edges, replaceable for tests. */
  read?: () => Promise<GpuReading>;
  now?: () => number;
  sleep?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

export type LeasedGpus =
  | { kind: 'open'; waitedMs: number; gpus: Gpu[]; lease: HostLock }
  /** Nothing is held. `leased`: other runs of calib's have what would have been enough. */
  | { kind: 'closed'; waitedMs: number; reason: string; leased: boolean };

/** Milliseconds between two looks. */
const defaultPollMs = 5000;

/**
 * Waits until so many GPUs are free and leased to nobody else, and leases the lowest ones. Kills nothing.
 * Closes at once where waiting cannot help: no `nvidia-smi`, or fewer GPUs than are needed.
 *
 * @throws the signal's reason when aborted.
 */
export async function leaseFreeGpus(options: LeaseFreeGpusOptions): Promise<LeasedGpus> {
  const polled = await pollUntil({
    ...options,
    pollMs: options.pollMs ?? defaultPollMs,
    look: () => lookAndLease(options),
  });
  const { waitedMs } = polled;
  if (polled.kind === 'done') return { kind: 'open', waitedMs, ...polled.value };
  const { text, leased } = polled.wait;
  if (polled.kind === 'hopeless') return { kind: 'closed', waitedMs, reason: text, leased };
  const reason = `${text} (waited ${Math.round(waitedMs / 1000)} s)`;
  return { kind: 'closed', waitedMs, reason, leased };
}

type Look = PollLook<{ gpus: Gpu[]; lease: HostLock }, { text: string; leased: boolean }>;

async function lookAndLease(options: LeaseFreeGpusOptions): Promise<Look> {
  const { count, allowed } = options;
  const reading = await (options.read ?? readGpus)();
  if (reading.kind !== 'gpus') {
    const text = `${reading.message}. ${reading.remedy}`;
    return { kind: reading.kind === 'missing' ? 'hopeless' : 'wait', text, leased: false };
  }
  const usable = reading.gpus.filter((gpu) => allowed === null || allowed.includes(gpu.index));
  if (usable.length < count) {
    const shown = reading.gpus.map((gpu) => gpu.index).join(', ') || 'none';
    const may = allowed === null ? '' : `; this worker may use ${allowed.join(', ') || 'none'}`;
    const text = `need ${count} GPU(s), nvidia-smi shows ${shown}${may}`;
    return { kind: 'hopeless', text, leased: false };
  }
  const free = usable.filter(isFreeGpu);
  const busy = usable.filter((gpu) => !isFreeGpu(gpu));
  const taken = await takeLowest(options, options.evenBusy === true ? [...free, ...busy] : free);
  if (taken !== null) {
    return { kind: 'done', value: { gpus: taken.gpus, lease: joinHostLocks(taken.leases) } };
  }
  return await describeShortage(options, usable);
}

async function describeShortage(options: LeaseFreeGpusOptions, usable: readonly Gpu[]): Promise<Look> {
  let available = 0;
  const held = await Promise.all(
    usable.map(async (gpu): Promise<string[]> => {
      const holder = await hostLockHolder(resourceOf(gpu), options.scope);
      if (holder !== null || isFreeGpu(gpu)) available += 1;
      if (holder !== null) return [`GPU ${gpu.index}: leased to ${holder || 'another run'}`];
      return isFreeGpu(gpu) ? [] : [formatBlocker(await describeBlocker(gpu))];
    }),
  );
  const text = `need ${options.count} GPU(s): ${held.flat().join(' | ')}`;
  return { kind: 'wait', text, leased: available >= options.count };
}

interface Taking {
  gpus: Gpu[];
  leases: HostLock[];
}

/** All that are needed or none: holding some while waiting for others is how two waiters block each other. */
async function takeLowest(options: LeaseFreeGpusOptions, candidates: readonly Gpu[]): Promise<Taking | null> {
  const gpus: Gpu[] = [];
  const leases: HostLock[] = [];
  if (candidates.length < options.count) return null;
  for (const gpu of candidates) {
    if (gpus.length === options.count) break;
    const result = await acquireHostLock({
      resources: [resourceOf(gpu)],
      holder: options.holder,
      ...(options.scope === undefined ? {} : { scope: options.scope }),
    });
    if (result.kind === 'busy') continue;
    gpus.push(gpu);
    leases.push(result.lease);
  }
  if (gpus.length === options.count) return { gpus: gpus.toSorted((a, b) => a.index - b.index), leases };
  await Promise.all(leases.map((lease) => lease.release()));
  return null;
}

/** By UUID: an index means another GPU in another container. */
function resourceOf({ uuid }: Gpu): string {
  return laneResources({ gpuUuids: [uuid], host: '', name: '' }).join();
}
