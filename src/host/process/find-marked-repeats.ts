import { readProcessTable } from './process-table.ts';
import { repeatMarkVariable } from './repeat-mark.ts';

export interface MarkedRepeat {
  namespace: string;
  repeat: number;
}

/** The repeats of a session that have processes on this machine, by the marks in their environments. */
export async function findMarkedRepeats(session: string): Promise<MarkedRepeat[]> {
  const prefix = `${repeatMarkVariable}=${encodeURIComponent(session)}/`;
  const found = new Map<string, MarkedRepeat>();
  for (const { environ } of (await readProcessTable()).values()) {
    const entry = environ.split('\0').find((candidate) => candidate.startsWith(prefix));
    if (entry === undefined) continue;
    const [namespace = '', repeat = ''] = entry.slice(prefix.length).split('/');
    if (!/^\d+$/.test(repeat)) continue;
    found.set(`${namespace}/${repeat}`, { namespace: decodeURIComponent(namespace), repeat: Number(repeat) });
  }
  return [...found.values()];
}

/** The sessions that have processes on this machine, by the marks in their environments. */
export async function findMarkedSessions(): Promise<string[]> {
  const prefix = `${repeatMarkVariable}=`;
  const sessions = new Set<string>();
  for (const { environ } of (await readProcessTable()).values()) {
    const entry = environ.split('\0').find((candidate) => candidate.startsWith(prefix));
    const [session = ''] = entry?.slice(prefix.length).split('/') ?? [];
    if (session !== '') sessions.add(decodeURIComponent(session));
  }
  return [...sessions];
}
