import { freeMemoryLimitMib } from '../../domain/audit/free-memory-limit.ts';
import type { Gpu } from './nvidia-smi.ts';

/** Whether a GPU is free: no compute process and at most 2048 MiB in use. Precheck and launch gate share it (04 §8). */
export function isFreeGpu(gpu: Gpu): boolean {
  return gpu.processes.length === 0 && gpu.usedMib <= freeMemoryLimitMib;
}
