import { readFile } from 'node:fs/promises';

import type { ProcessActivity } from '../../domain/observation/process-activity.ts';
import { findOwnProcesses, type OwnershipQuery } from './find-own-processes.ts';
import { isRunning, parseProcessStat } from './identity.ts';

/** USER_HZ: 100 on every architecture that Node runs on. */
const msPerTick = 10;
/** `delayacct_blkio_ticks`, field 42 of `/proc/PID/stat`, counted behind the command's name. */
const ioWaitField = 39;

/** What every process of a launch does at this moment; those that end meanwhile are left out. */
export async function readActivity(query: OwnershipQuery): Promise<ProcessActivity> {
  const own = await findOwnProcesses(query);
  const seen = (await Promise.all(own.map(async ({ pid }) => await readOne(pid)))).filter(
    (each) => each !== null,
  );
  const states: Record<string, number> = {};
  for (const { state } of seen) states[state] = (states[state] ?? 0) + 1;
  const told = seen.flatMap(({ io }) => (io === null ? [] : [io]));
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return {
    atMs: performance.now(),
    states,
    ioWaitMs: sum(seen.map(({ ioWaitMs }) => ioWaitMs)),
    readBytes: told.length === 0 ? null : sum(told.map(({ read }) => read)),
    writtenBytes: told.length === 0 ? null : sum(told.map(({ written }) => written)),
  };
}

interface OneProcess {
  state: string;
  ioWaitMs: number;
  io: { read: number; written: number } | null;
}

async function readOne(pid: number): Promise<OneProcess | null> {
  const [text, io] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'latin1').catch(() => ''),
    // Only its owner may read it.
    readFile(`/proc/${pid}/io`, 'latin1').catch(() => ''),
  ]);
  const stat = parseProcessStat(text);
  if (stat === undefined || !isRunning(stat)) return null;
  const ticks = Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[ioWaitField]);
  return {
    state: stat.state,
    ioWaitMs: Number.isFinite(ticks) ? ticks * msPerTick : 0,
    io: parseIo(io),
  };
}

function parseIo(text: string): OneProcess['io'] {
  const read = /^read_bytes: (\d+)$/m.exec(text)?.[1];
  const written = /^write_bytes: (\d+)$/m.exec(text)?.[1];
  return read === undefined || written === undefined
    ? null
    : { read: Number(read), written: Number(written) };
}
