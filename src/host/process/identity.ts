import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';

import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import { shown } from '../../domain/untrusted/cut-text.ts';

/** USER_HZ, the unit of start times in `/proc`: 100 on every architecture that Node runs on. */
const msPerTick = 10;

/** Milliseconds since a process began, by the clock since boot: a change of the time of day does not make it older. */
export function processAgeMs(process: { start_ticks: number }): number {
  return Math.max(0, uptimeMs() - process.start_ticks * msPerTick);
}

/** Milliseconds since the kernel started, in steps of ten; counts while the machine sleeps, and is never set. */
export function uptimeMs(): number {
  const [uptimeSeconds] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Number(uptimeSeconds) * 1000;
}

/**
 * Names one process for ever: a pid alone is reused, pid + start time + boot is not. Start ticks count from boot, so
 * a restarted container (same boot) cannot repeat them either.
 */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks from boot to the process's start: field 22 of `/proc/<pid>/stat`. */
  start_ticks: number;
  /** `/proc/sys/kernel/random/boot_id`. */
  boot_id: string;
}

/** What `/proc/<pid>/stat` says, as far as calib needs it. */
export interface ProcessStat {
  pid: number;
  /** One letter; `Z` and `X` are dead processes that nobody has collected yet. */
  state: string;
  parent: number;
  group: number;
  session: number;
  start_ticks: number;
}

/**
 * Parses `/proc/<pid>/stat`. The command name is in parentheses and may itself hold blanks and parentheses, so fields
 * are counted from the last `)`. Undefined when the text is not such a line.
 */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const nameEnd = text.lastIndexOf(')');
  if (nameEnd < 0) return undefined;
  const fields = text.slice(nameEnd + 2).split(' ');
  const stat = {
    pid: Number.parseInt(text, 10),
    state: fields[0] ?? '',
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    start_ticks: Number(fields[19]),
  };
  const numbers = [stat.pid, stat.parent, stat.group, stat.session, stat.start_ticks];
  return stat.state !== '' && numbers.every(Number.isSafeInteger) ? stat : undefined;
}

/** Whether a stat belongs to a process that still runs; zombies count as gone. */
export function isRunning(stat: ProcessStat): boolean {
  return stat.state !== 'Z' && stat.state !== 'X';
}

/** The stat of a process, or undefined when there is none. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  try {
    return parseProcessStat(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/** Changes with every start of the kernel. */
export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** The identity of a running process, or undefined when it is gone or a zombie. */
export function readProcessIdentity(pid: number): ProcessIdentity | undefined {
  const stat = readProcessStat(pid);
  if (stat === undefined || !isRunning(stat)) return undefined;
  return { pid, start_ticks: stat.start_ticks, boot_id: readBootId() };
}

/** Whether exactly this process still runs: a stranger with a reused pid does not count, nor does a zombie. */
export function isAlive(identity: ProcessIdentity): boolean {
  const stat = readProcessStat(identity.pid);
  return (
    stat !== undefined &&
    isRunning(stat) &&
    stat.start_ticks === identity.start_ticks &&
    readBootId() === identity.boot_id
  );
}

export interface TableEntry extends ProcessStat {
  /** `/proc/<pid>/environ`; empty when it may not be read, which is so for other people's processes. */
  environ: string;
}

/** Reads are cheap but many: a few dozen at a time keep the thread pool fed without flooding it. */
const readsAtATime = 32;

/** Every running process that can be seen, by pid; zombies left out. One that ends meanwhile may be missing. */
export async function readProcessTable(): Promise<Map<number, TableEntry>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const table = new Map<number, TableEntry>();
  for (let start = 0; start < pids.length; start += readsAtATime) {
    const entries = await Promise.all(pids.slice(start, start + readsAtATime).map(readEntry));
    for (const entry of entries) {
      if (entry !== undefined) table.set(entry.pid, entry);
    }
  }
  return table;
}

async function readEntry(pid: string): Promise<TableEntry | undefined> {
  try {
    const stat = parseProcessStat(await readFile(`/proc/${pid}/stat`, 'latin1'));
    if (stat === undefined || !isRunning(stat)) return undefined;
    return { ...stat, environ: await readFile(`/proc/${pid}/environ`, 'utf8').catch(() => '') };
  } catch {
    return undefined;
  }
}

/**
 * A process's command line without secrets, in one line of at most 200 characters; empty for a kernel thread or a
 * process that is gone.
 */
export async function readCommandLine(pid: number): Promise<string> {
  const raw = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  // The kernel has up to 2 MiB of it, and the process may write into it whatever it likes.
  return shown(redactSecrets(raw.slice(0, 4096).replaceAll('\0', ' ').trim()));
}
