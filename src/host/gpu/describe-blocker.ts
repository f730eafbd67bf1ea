import { readFile, stat } from 'node:fs/promises';

import { freeMemoryLimitMib } from '../../domain/audit/free-memory-limit.ts';
import { readCommandLine } from '../process/process-table.ts';
import type { Gpu } from './nvidia-smi.ts';

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
      const command = visible ? (await readCommandLine(pid)) || name : name;
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
