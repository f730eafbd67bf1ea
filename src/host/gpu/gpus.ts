import { readFile, stat } from 'node:fs/promises';

import { shown } from '../../domain/untrusted/cut-text.ts';
import { freeMemoryLimitMib, type GpuFact } from '../../domain/audit/status-document.ts';
import { messageOf } from '../../domain/text.ts';
import { readCommandLine } from '../process/identity.ts';
import { type BoundedRun, runBounded } from '../process/run-bounded.ts';

/** A process that computes on a GPU, as `nvidia-smi` sees it. */
export interface ComputeProcess {
  pid: number;
  /** `[Not Found]` for a process of another PID namespace. */
  name: string;
  /** MiB, null where the driver does not say. */
  usedMib: number | null;
}

export interface Gpu {
  index: number;
  uuid: string;
  name: string;
  usedMib: number;
  totalMib: number;
  processes: ComputeProcess[];
}

/** Why the GPUs could not be read; `message` says it in one line, `remedy` what to do. */
export interface GpuFailure {
  kind: 'missing' | 'hanging' | 'failing' | 'unparsable';
  message: string;
  remedy: string;
}

/** What all GPUs of the host hold right now, in index order. */
export type GpuReading = { kind: 'gpus'; gpus: Gpu[] } | GpuFailure;

export interface ReadGpusOptions {
  /** Program to ask; default `$CALIB_NVIDIA_SMI`, else `nvidia-smi` on PATH. */
  program?: string;
  /** Milliseconds for both questions together; default 20 s: a broken driver lets `nvidia-smi` hang for ever. */
  timeoutMs?: number;
}

const defaultTimeoutMs = 20_000;
const format = '--format=csv,noheader,nounits';
const gpuQuery = ['--query-gpu=index,uuid,name,memory.used,memory.total', format];
const processQuery = ['--query-compute-apps=gpu_uuid,pid,process_name,used_memory', format];

/**
 * One look at the GPUs: two CSV queries at the same time under one time limit. (The XML of `-q -x` would be a single
 * call, but it reads every sensor of every GPU, takes seconds on a busy 8-GPU host, and changes between drivers.)
 * A failure is a value, so that a gate can go on waiting.
 */
export async function readGpus(options: ReadGpusOptions = {}): Promise<GpuReading> {
  const program = options.program ?? (process.env['CALIB_NVIDIA_SMI'] || 'nvidia-smi');
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  const [gpus, processes] = await Promise.all([
    ask({ program, args: gpuQuery, timeoutMs }),
    ask({ program, args: processQuery, timeoutMs }),
  ]);
  if (gpus.kind !== 'answer') return gpus;
  if (processes.kind !== 'answer') return processes;
  try {
    return { kind: 'gpus', gpus: parseGpus(gpus.text, processes.text) };
  } catch (error) {
    return {
      kind: 'unparsable',
      message: `${program} printed something else than expected: ${messageOf(error)}`,
      remedy: `run ${program} ${gpuQuery.join(' ')} by hand and compare`,
    };
  }
}

/**
 * Parses the two CSV answers.
 *
 * @throws Error naming the line that is not understood.
 */
export function parseGpus(gpuText: string, processText: string): Gpu[] {
  const gpus = lines(gpuText).map(parseGpu);
  const byUuid = new Map(gpus.map((gpu) => [gpu.uuid, gpu]));
  for (const line of lines(processText)) {
    // A command may hold commas: the fields around it are counted from both ends.
    const match = /^([^,]+), *(\d+), *(.*), *([^,]+)$/.exec(line);
    if (match === null) throw new Error(`line "${line}"`);
    const [, uuid = '', pid = '', name = '', used = ''] = match;
    byUuid
      .get(uuid)
      ?.processes.push({ pid: Number(pid), name, usedMib: /^\d+$/.test(used) ? Number(used) : null });
  }
  return gpus.toSorted((a, b) => a.index - b.index);
}

function parseGpu(line: string): Gpu {
  const match = /^(\d+), *([^,]+), *(.+), *(\d+), *(\d+)$/.exec(line);
  if (match === null) throw new Error(`line "${line}"`);
  const [, index = '', uuid = '', name = '', used = '', total = ''] = match;
  return { index: Number(index), uuid, name, usedMib: Number(used), totalMib: Number(total), processes: [] };
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

async function ask(question: {
  program: string;
  args: string[];
  timeoutMs: number;
}): Promise<{ kind: 'answer'; text: string } | GpuFailure> {
  const { program, timeoutMs } = question;
  const run = await runBounded(question);
  switch (run.kind) {
    case 'timed-out':
      return {
        kind: 'hanging',
        message: `${program} gave no answer within ${timeoutMs / 1000} s`,
        remedy: 'the driver may be stuck: look at dmesg for "Xid" lines',
      };
    case 'not-started':
      return {
        kind: 'missing',
        message: `${program} cannot be started (${run.code || run.message})`,
        remedy:
          'install the NVIDIA driver tools or put nvidia-smi on PATH; units that need no GPU run without it',
      };
    case 'exited':
      return run.exitCode === 0 ? { kind: 'answer', text: run.stdout } : failing(program, run);
  }
}

function failing(program: string, run: BoundedRun & { kind: 'exited' }): GpuFailure {
  const said = (run.stderr || run.stdout).trim().split('\n').slice(0, 3).join(' / ');
  return {
    kind: 'failing',
    message: `${program} ended with ${run.signal ?? `code ${run.exitCode}`}: ${said}`,
    remedy: 'run it by hand: the driver does not answer as it should',
  };
}

/** Who or what keeps a GPU from being free. */
export interface GpuBlocker {
  index: number;
  usedMib: number;
  /** Empty: memory is in use, and nobody to be seen holds it. */
  processes: { pid: number; command: string; owner: string; visible: boolean }[];
}

/** Finds out who holds a GPU: command line and owner of each process, where this container can see it. */
export async function describeBlocker(gpu: Gpu): Promise<GpuBlocker> {
  const processes = await Promise.all(
    gpu.processes.map(async ({ pid, name }) => {
      // nvidia-smi's own word for a process of another PID namespace, whose number means somebody else here.
      const visible = name !== '[Not Found]';
      const command = (visible ? await readCommandLine(pid) : '') || shown(name);
      return { pid, command, owner: visible ? await readOwner(pid) : 'unknown', visible };
    }),
  );
  return { index: gpu.index, usedMib: gpu.usedMib, processes };
}

/** One line for people: `GPU 0: 71234 MiB, pid 4711 (root) python -m server`. */
export function formatBlocker(blocker: GpuBlocker): string {
  const held = blocker.processes.map(({ pid, owner, command, visible }) =>
    visible ? `pid ${pid} (${owner}) ${command}` : `pid ${pid} of another container (invisible here)`,
  );
  const who = held.length > 0 ? held.join('; ') : 'no visible process holds it';
  const over = blocker.usedMib > freeMemoryLimitMib ? ` (limit ${freeMemoryLimitMib})` : '';
  return `GPU ${blocker.index}: ${blocker.usedMib} MiB${over}, ${who}`;
}

async function readOwner(pid: number): Promise<string> {
  try {
    const { uid } = await stat(`/proc/${pid}`);
    const users = await readFile('/etc/passwd', 'utf8').catch(() => '');
    const line = users.split('\n').find((candidate) => candidate.split(':')[2] === String(uid));
    return line?.split(':')[0] ?? `uid ${uid}`;
  } catch {
    return 'unknown';
  }
}

/** Whether a GPU is free: no compute process and at most 2048 MiB in use. Precheck and launch gate share it. */
export function isFreeGpu(gpu: Gpu): boolean {
  return gpu.processes.length === 0 && gpu.usedMib <= freeMemoryLimitMib;
}

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
