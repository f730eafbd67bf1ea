import type { SessionPlan } from './session-plan.ts';

/** What a session will probably take, from how long its units took before. */
export interface SessionEstimate {
  /** GPUs × hours of pytest, over all repeats; 0 where no unit needs a GPU. */
  gpu_hours: number;
  /** Seconds from the first launch to the last end, if every launch counts. */
  wall_s: number;
  /** Units that no earlier session has seen: they come on top. */
  unseen: string[];
}

type PlanPart = Pick<SessionPlan, 'units' | 'repeats' | 'lanes' | 'known_durations'>;

/**
 * GPU hours and wall time of a session; null where none of its units was seen before. Waiting for GPUs, clean-up and
 * retries are not in it. Repeat k + 1 of any unit waits for repeat k of all, and the longest goes first within it.
 */
export function estimateSession({
  units,
  repeats,
  lanes,
  known_durations,
}: PlanPart): SessionEstimate | null {
  const seen = units.flatMap((unit) => {
    const seconds = known_durations?.[unit.namespace];
    return seconds === undefined ? [] : [{ ...unit, seconds }];
  });
  if (seen.length === 0) return null;
  const busyUntil = Array.from({ length: Math.max(1, lanes) }, () => 0);
  for (const { seconds } of seen.toSorted((a, b) => b.seconds - a.seconds)) {
    const earliest = busyUntil.indexOf(Math.min(...busyUntil));
    busyUntil[earliest] = (busyUntil[earliest] ?? 0) + seconds;
  }
  const gpuSeconds = seen.reduce((sum, { gpus, seconds }) => sum + gpus * seconds, 0);
  return {
    gpu_hours: (gpuSeconds * repeats) / 3600,
    wall_s: Math.round(Math.max(...busyUntil) * repeats),
    unseen: units.filter((unit) => !seen.some(({ namespace }) => namespace === unit.namespace)).map(nameOf),
  };
}

function nameOf({ namespace }: { namespace: string }): string {
  return namespace;
}

/** `estimate: 3.2 GPU hours, 1 h 40 min on 2 lanes (as seen before; not seen: test_b_ci)`. */
export function estimateLine({ gpu_hours, wall_s, unseen }: SessionEstimate, lanes: number): string {
  const gpu =
    gpu_hours === 0 ? '' : `${gpu_hours < 10 ? gpu_hours.toFixed(1) : gpu_hours.toFixed(0)} GPU hours, `;
  const where = lanes > 1 ? ` on ${lanes} lanes` : '';
  const more = unseen.length === 0 ? '' : `; not seen before, so on top: ${unseen.join(', ')}`;
  return `estimate: ${gpu}${duration(wall_s)}${where} (from earlier sessions, without waiting and retries${more})`;
}

/** `1 h 40 min`, `5 min`, `40 s`. */
function duration(seconds: number): string {
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90
    ? `${minutes} min`
    : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}
