import { readFile, readdir } from 'node:fs/promises';

import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import { isRunning, parseProcessStat } from './process-identity.ts';
import type { ProcessStat } from './process-identity.ts';

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
  return redactSecrets(raw.replaceAll('\0', ' ').trim()).slice(0, 200);
}
