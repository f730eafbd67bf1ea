import type { Gpu } from './nvidia-smi.ts';

/** A GPU with more memory in use is not free, whoever holds it (spec 05 §7: `≤` passes). */
export const freeMemoryLimitMib = 2048;

/** Whether a GPU is free: no compute process and at most 2048 MiB in use. Precheck and launch gate share it (04 §8). */
export function isFreeGpu(gpu: Gpu): boolean {
  return gpu.processes.length === 0 && gpu.usedMib <= freeMemoryLimitMib;
}

/** The free ones among the GPUs, in the given order. */
export function findFreeGpus(gpus: readonly Gpu[]): Gpu[] {
  return gpus.filter(isFreeGpu);
}
