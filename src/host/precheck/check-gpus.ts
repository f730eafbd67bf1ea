import type { CheckResult } from '../../domain/precheck/check-result.ts';
import { gpuSummary, judgeGpus, usableGpus, type GpuFact } from '../../domain/precheck/judge-gpus.ts';
import { describeBlocker } from '../gpu/describe-blocker.ts';
import { isFreeGpu } from '../gpu/gpu-readiness.ts';
import { readGpus, type Gpu } from '../gpu/nvidia-smi.ts';
import type { PrecheckRequest } from './precheck-request.ts';
import { noDriver, readDriver, type DriverFacts } from './read-driver.ts';

export interface CheckedGpus {
  result: CheckResult;
  /** Those that a session here may use. */
  gpus: GpuFact[];
  summary: string;
  driver: DriverFacts;
}

/** The GPUs by the predicate of the launch gate (spec 04 §8); not asked for where no stage needs one. */
export async function checkGpus(request: PrecheckRequest): Promise<CheckedGpus> {
  const { requirements, allowedGpus: allowed, nvidiaSmi } = request;
  const asked = requirements.gpus;
  if (asked.needed === 0) {
    const result = judgeGpus({ asked, reading: null, allowed });
    return { result, gpus: [], summary: gpuSummary([]), driver: noDriver };
  }
  const program = nvidiaSmi ?? (request.env['CALIB_NVIDIA_SMI'] || 'nvidia-smi');
  const reading = await readGpus({ program });
  if (reading.kind !== 'gpus') {
    const { message, remedy } = reading;
    const result = judgeGpus({ asked, reading: { kind: 'failed', message, remedy }, allowed });
    return { result, gpus: [], summary: gpuSummary([]), driver: noDriver };
  }
  const [driver, ...gpus] = await Promise.all([readDriver(program), ...reading.gpus.map(gpuFact)]);
  const usable = usableGpus(gpus, allowed);
  const result = judgeGpus({ asked, reading: { kind: 'gpus', gpus }, allowed });
  return { result, gpus: usable, summary: gpuSummary(usable), driver };
}

async function gpuFact(gpu: Gpu): Promise<GpuFact> {
  const { processes } = await describeBlocker(gpu);
  return {
    index: gpu.index,
    name: gpu.name,
    uuid: gpu.uuid,
    memory_total_mib: gpu.totalMib,
    memory_used_mib: gpu.usedMib,
    free: isFreeGpu(gpu),
    holders: processes.map(({ pid, owner, command, visible }) =>
      visible ? `pid ${pid} (${owner}) ${command}` : `pid ${pid} of another container (invisible here)`,
    ),
  };
}
