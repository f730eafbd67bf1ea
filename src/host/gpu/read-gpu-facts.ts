import type { GpuFact } from '../../domain/audit/status-document.ts';
import { readGpus } from './nvidia-smi.ts';

/** A driver that hangs must not hang `status`. */
const timeoutMs = 10_000;

/**
 * The GPUs of this machine at this moment, for display only: a launch is decided by the gate, not by this. A machine
 * whose driver does not answer has no GPUs to show, and says why.
 */
export async function readGpuFacts(): Promise<{ gpus: GpuFact[] | null; gpu_error: string | null }> {
  const reading = await readGpus({ timeoutMs });
  if (reading.kind !== 'gpus') return { gpus: null, gpu_error: reading.message };
  const gpus = reading.gpus.map(({ index, usedMib, processes }) => ({
    index,
    memory_used_mib: usedMib,
    has_compute_app: processes.length > 0,
  }));
  return { gpus, gpu_error: null };
}
