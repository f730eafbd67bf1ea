import { readProcessTable } from './identity.ts';

/** Environment variable that every process of a repeat inherits. */
export const repeatMarkVariable = 'CALIB_REPEAT';

/**
 * Which processes are meant: those of one launch when all is given, of all attempts of a repeat without `attempt` and
 * `token`, of a whole session with `session` alone.
 */
export interface RepeatMark {
  session: string;
  namespace?: string;
  repeat?: number;
  attempt?: number;
  token?: string;
}

/** A mark that names one launch. */
export type LaunchMark = Required<RepeatMark>;

/** `<session>/<namespace>/<k>/<attempt>/<token>`, each part percent-encoded, up to the first part not given. */
export function formatRepeatMark(mark: RepeatMark): string {
  const parts = [mark.session, mark.namespace, mark.repeat, mark.attempt, mark.token];
  const end = parts.indexOf(undefined);
  return parts
    .slice(0, end < 0 ? parts.length : end)
    .map((part) => encodeURIComponent(String(part)))
    .join('/');
}

/**
 * Whether a process environment (the text of `/proc/<pid>/environ`, entries ended by NUL) carries the mark or a more
 * exact one.
 */
export function carriesMark(environ: string, mark: RepeatMark): boolean {
  const wanted = `${repeatMarkVariable}=${formatRepeatMark(mark)}`;
  return environ.split('\0').some((entry) => entry === wanted || entry.startsWith(`${wanted}/`));
}

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
