import { z } from 'zod';

/** A declared lane: GPUs, and where given CPUs and a cache root, on which one repeat runs at a time (spec 07 §6). */
export const laneSchema = z.object({
  /** Unique among its host's lanes; part of every record made on it. */
  name: z.string(),
  /** `nvidia-smi` indices, ascending. */
  gpus: z.array(z.number().int().nonnegative()),
  /**
   * GPUs that a repeat may have of any that are free; absent where `gpus` says which. Only lanes of a pool's hosts that
   * declare none have it.
   */
  any_gpus: z.number().int().nonnegative().optional(),
  /** CPU list (`2-15,66-79`) that everything a repeat starts is bound to; absent = no binding. */
  cpus: z.string().optional(),
  /** Absolute folder below which the caches of this lane's repeats are; absent = wherever the environment says. */
  cache_root: z.string().optional(),
});
export type Lane = z.infer<typeof laneSchema>;

/** A lane's name in records: unique among all hosts. */
export function recordedLane(host: string, name: string): string {
  return `${host}/${name}`;
}

/** The name that the host's profile gives a recorded lane. */
export function nameOfLane(recorded: string): string {
  return recorded.slice(recorded.lastIndexOf('/') + 1);
}

/** True when a unit that needs so many GPUs can run on the lane. */
export function fitsLane({ gpus, any_gpus }: Lane, needed: number): boolean {
  return (any_gpus ?? gpus.length) >= needed;
}

/** `lane0 (GPU 0,1; CPUs 2-15)`, for people. */
export function describeLane({ name, gpus, cpus }: Lane): string {
  const parts = [gpus.length === 0 ? 'no GPU' : `GPU ${gpus.join(',')}`];
  if (cpus !== undefined) parts.push(`CPUs ${cpus}`);
  return `${name} (${parts.join('; ')})`;
}
