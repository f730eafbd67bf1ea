import { execa } from 'execa';

import type { GpuFact } from '../../domain/audit/status-document.ts';
import { hasCode } from '../files/has-code.ts';

/** A driver that hangs must not hang `status`. */
const TIMEOUT_MS = 10_000;

/**
 * The GPUs of this machine at this moment, for display only: a launch is decided by the gate, not by this. Never throws:
 * a machine without a driver has no GPUs to show, and says so.
 */
export async function readGpuFacts(): Promise<{ gpus: GpuFact[] | null; gpu_error: string | null }> {
  try {
    const devices = await query('--query-gpu=index,uuid,memory.used');
    const apps = await query('--query-compute-apps=gpu_uuid');
    const busy = new Set(apps.map(([uuid]) => uuid));
    const gpus = devices.map(([index, uuid, used]) => ({
      index: Number(index),
      memory_used_mib: Number(used),
      has_compute_app: busy.has(uuid),
    }));
    return gpus.every((gpu) => Number.isInteger(gpu.index) && Number.isFinite(gpu.memory_used_mib))
      ? { gpus, gpu_error: null }
      : { gpus: null, gpu_error: 'nvidia-smi answered something that is no list of GPUs' };
  } catch (error) {
    return { gpus: null, gpu_error: describe(error) };
  }
}

async function query(what: string): Promise<string[][]> {
  const { stdout } = await execa('nvidia-smi', [what, '--format=csv,noheader,nounits'], {
    stdin: 'ignore',
    timeout: TIMEOUT_MS,
  });
  return stdout
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(',').map((field) => field.trim()));
}

function describe(error: unknown): string {
  if (hasCode(error, 'ENOENT')) {
    return 'nvidia-smi not found';
  }
  const message = error instanceof Error && 'shortMessage' in error ? error.shortMessage : error;
  return `nvidia-smi failed: ${String(message)}`;
}
