import { checkResult, type CheckResult, type Gap } from './checks.ts';
import type { PrecheckRequirements } from './requirements.ts';

/** One GPU as the driver sees it, with who holds it. */
export interface GpuFact {
  index: number;
  name: string;
  uuid: string;
  memory_total_mib: number;
  memory_used_mib: number;
  /** No compute process and at most 2048 MiB in use. */
  free: boolean;
  /** `pid 4711 (root) python -m server`, one entry a process. */
  holders: string[];
}

export interface GpusQuestion {
  asked: PrecheckRequirements['gpus'];
  /** Null when no GPU is needed and none was looked at. */
  reading: { kind: 'gpus'; gpus: GpuFact[] } | { kind: 'failed'; message: string; remedy: string } | null;
  /** Indices that the worker may use, null for all. */
  allowed: readonly number[] | null;
}

/** `2× NVIDIA H20`, kinds joined by ` + `, `unknown` without any. */
export function gpuSummary(gpus: readonly Pick<GpuFact, 'name'>[]): string {
  const names = [...new Set(gpus.map(({ name }) => name))];
  const parts = names.map((name) => `${gpus.filter((gpu) => gpu.name === name).length}× ${name}`);
  return parts.length === 0 ? 'unknown' : parts.join(' + ');
}

/** The GPUs that a session on this worker may use. */
export function usableGpus<T extends { index: number }>(
  gpus: readonly T[],
  allowed: readonly number[] | null,
): T[] {
  return gpus.filter(({ index }) => allowed === null || allowed.includes(index));
}

/** Whether enough GPUs of the expected kind are free. Nothing is ever killed. */
export function judgeGpus({ asked, reading, allowed }: GpusQuestion): CheckResult {
  if (reading === null) {
    return checkResult({
      id: 'gpus',
      lines: ['GPUs: none needed (gpus_per_test asks for none)'],
      applies: false,
    });
  }
  if (reading.kind === 'failed') {
    const { message, remedy } = reading;
    return checkResult({
      id: 'gpus',
      lines: [`GPUs: unknown, ${asked.needed} needed`],
      errors: [{ message: `the GPUs cannot be read: ${message}`, remedies: [remedy] }],
    });
  }
  const usable = usableGpus(reading.gpus, allowed);
  const free = usable.filter((gpu) => gpu.free);
  const busy = usable.filter((gpu) => !gpu.free).map(({ index }) => index);
  const busyText = busy.length === 0 ? '' : ` (busy: [${busy.join(', ')}])`;
  return checkResult({
    id: 'gpus',
    lines: [
      `GPUs: ${gpuSummary(usable)} — ${free.length}/${usable.length} free${busyText}`,
      ...usable.map(gpuLine),
    ],
    errors: [
      ...freeGap(asked.needed, usable, free.length),
      ...kindGaps(asked, usable, reading.gpus.length),
      ...laneGaps(asked, usable),
    ],
  });
}

function gpuLine(gpu: GpuFact): string {
  const { index, name, memory_used_mib: used, memory_total_mib: total, free, holders } = gpu;
  const who = holders.length > 0 ? holders.join('; ') : free ? 'free' : 'no visible process holds it';
  return `${free ? '✓' : '✗'} GPU ${index}: ${name}, ${used}/${total} MiB, ${who}`;
}

function freeGap(needed: number, usable: readonly GpuFact[], free: number): Gap[] {
  if (free >= needed) {
    return [];
  }
  if (usable.length < needed) {
    const message = `${needed} GPU(s) needed, ${usable.length} there for this session`;
    return [
      {
        message,
        remedies: ['run on a host with more GPUs, or let the worker use them: calib up --gpus 0,1'],
      },
    ];
  }
  const busy = usable.filter((gpu) => !gpu.free);
  const message = `${needed} GPU(s) needed, ${free} free; busy: ${busy.map(({ index }) => index).join(', ')}`;
  return [
    {
      message: `${message}. Precheck kills nothing`,
      remedies: [
        'ask the owners of the processes above to end them; for memory without a visible process: ' +
          `nvidia-smi -i ${busy.map(({ index }) => index).join(',')} -q -d PIDS,MEMORY on the machine itself`,
      ],
    },
  ];
}

/** A lane with a GPU that is not there would only ever be waited for. */
function laneGaps({ lanes = [] }: PrecheckRequirements['gpus'], usable: readonly GpuFact[]): Gap[] {
  return lanes.flatMap(({ name, gpus }) => {
    const missing = gpus.filter((index) => !usable.some((gpu) => gpu.index === index));
    if (missing.length === 0) return [];
    return [
      {
        message: `lane ${name} has GPU ${missing.join(', ')}, which this session cannot use; it can use ${usable.map(({ index }) => index).join(', ') || 'none'}`,
        remedies: ['correct lanes in the host profile, or leave the lane out: calib start --lanes'],
      },
    ];
  });
}

function kindGaps(asked: PrecheckRequirements['gpus'], usable: readonly GpuFact[], all: number): Gap[] {
  const gaps: Gap[] = [];
  if (new Set(usable.map(({ name }) => name)).size > 1) {
    gaps.push({
      message: `the GPUs are not of one kind (${gpuSummary(usable)}): repeats would not be comparable`,
      remedies: ['let the worker use those of one kind only: calib up --gpus LIST'],
    });
  }
  const { model, count } = asked;
  const others = model === null ? [] : usable.filter(({ name }) => !name.includes(model));
  if (others.length > 0) {
    gaps.push({
      message: `the host profile expects GPUs of model ${model ?? ''}, found ${gpuSummary(others)}: numbers from other GPUs must not drive thresholds`,
      remedies: ['calibrate on the machine that reproduces CI, or correct gpu_model in the host profile'],
    });
  }
  if (count !== null && all !== count) {
    gaps.push({
      message: `the host profile expects ${count} GPU(s), nvidia-smi lists ${all}`,
      remedies: ['calibrate on the machine that reproduces CI, or correct gpu_count in the host profile'],
    });
  }
  return gaps;
}
