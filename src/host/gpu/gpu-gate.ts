import { pollUntil, type PollLook } from '../lock/poll-until.ts';
import {
  describeBlocker,
  formatBlocker,
  type Gpu,
  type GpuBlocker,
  type GpuReading,
  isFreeGpu,
  readGpus,
} from './gpus.ts';

/** What the gate waits for at the moment: shown while the attempt is pending. */
export interface GateWait {
  waitedMs: number;
  blockers: GpuBlocker[];
  /** One line, for heartbeats and milestones. */
  text: string;
}

export type GateResult =
  | { kind: 'open'; waitedMs: number; gpus: Gpu[] }
  /** Not a test result: nothing was launched. */
  | { kind: 'closed'; waitedMs: number; blockers: GpuBlocker[]; reason: string };

export interface GpuGateOptions {
  /** `nvidia-smi` indices of the lane; with none the gate is open at once. */
  indices: readonly number[];
  /** Milliseconds after which the gate stays closed; default 600 s. */
  deadlineMs?: number;
  pollMs?: number;
  /** Milliseconds after which a free lane is looked at once more; 0 leaves the second look out. */
  recheckMs?: number;
  /** Called after each look that found the gate closed. */
  onWaiting?: (wait: GateWait) => void | Promise<void>;
  signal?: AbortSignal;
  /** The edges, replaceable for tests. */
  read?: () => Promise<GpuReading>;
  now?: () => number;
  sleep?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

/** Milliseconds: as long as a server may take to give its memory back, and how often that is looked at. */
const defaults = { deadlineMs: 600_000, pollMs: 5000, recheckMs: 3000 };

/**
 * Waits until every GPU of a lane is free, twice within the recheck time: a server that is shutting down frees its
 * memory in steps. Kills nothing. An `nvidia-smi` that fails is waited for like a busy GPU; one that is missing, or
 * does not know a GPU of the lane, closes the gate at once, since waiting cannot help.
 *
 * @throws the signal's reason when aborted.
 */
export async function waitForGpus(options: GpuGateOptions): Promise<GateResult> {
  if (options.indices.length === 0) return { kind: 'open', waitedMs: 0, gpus: [] };
  const recheckMs = options.recheckMs ?? defaults.recheckMs;
  let freeLooks = 0;
  const polled = await pollUntil({
    look: async (): Promise<PollLook<Gpu[], LaneWait>> => {
      const look = await lookAtLane(options.indices, options.read ?? readGpus);
      freeLooks = look.kind === 'free' ? freeLooks + 1 : 0;
      if (look.kind !== 'free') return look;
      const twice = freeLooks === 2 || recheckMs === 0;
      return twice ? { kind: 'done', value: look.gpus } : { kind: 'again', afterMs: recheckMs };
    },
    deadlineMs: options.deadlineMs ?? defaults.deadlineMs,
    pollMs: options.pollMs ?? defaults.pollMs,
    onWaiting: async ({ waitedMs, blockers, text }) => {
      await options.onWaiting?.({ waitedMs, blockers, text });
    },
    signal: options.signal,
    now: options.now,
    sleep: options.sleep,
  });
  const { waitedMs } = polled;
  if (polled.kind === 'done') return { kind: 'open', waitedMs, gpus: polled.value };
  const { blockers, text } = polled.wait;
  const late = polled.kind === 'late';
  const reason = late ? `GPU memory not released within ${Math.round(waitedMs / 1000)} s: ${text}` : text;
  return { kind: 'closed', waitedMs, blockers, reason };
}

interface LaneWait {
  blockers: GpuBlocker[];
  text: string;
}

type LaneLook = { kind: 'free'; gpus: Gpu[] } | ({ kind: 'wait' | 'hopeless' } & LaneWait);

async function lookAtLane(indices: readonly number[], read: () => Promise<GpuReading>): Promise<LaneLook> {
  const reading = await read();
  if (reading.kind !== 'gpus') {
    const kind = reading.kind === 'missing' ? 'hopeless' : 'wait';
    return { kind, blockers: [], text: `${reading.message}. ${reading.remedy}` };
  }
  const lane = reading.gpus.filter((gpu) => indices.includes(gpu.index));
  const known = new Set(lane.map((gpu) => gpu.index));
  const unknown = indices.filter((index) => !known.has(index));
  if (unknown.length > 0) {
    const text = `nvidia-smi shows no GPU ${unknown.join(', ')}; it shows ${reading.gpus.map((gpu) => gpu.index).join(', ') || 'none'}`;
    return { kind: 'hopeless', blockers: [], text };
  }
  const busy = lane.filter((gpu) => !isFreeGpu(gpu));
  if (busy.length === 0) return { kind: 'free', gpus: lane };
  const blockers = await Promise.all(busy.map(describeBlocker));
  return { kind: 'wait', blockers, text: blockers.map(formatBlocker).join(' | ') };
}
