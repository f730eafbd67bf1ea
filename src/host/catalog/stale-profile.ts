import type { LoadedHost } from './open-catalog.ts';

/** What the operator stated where the active profile says otherwise (spec 01 §5): the statement wins, with a warning. */
export interface Contradiction {
  host: LoadedHost | null;
  /** Key of the profile. */
  key: string;
  profiled: string | undefined;
  /** The flag or variable that states another value. */
  setting: string;
  stated: string;
}

/** One warning when the two differ, none otherwise. */
export function staleProfileWarnings(contradiction: Contradiction): string[] {
  const { host, key, profiled, setting, stated } = contradiction;
  if (host === null || profiled === undefined || profiled === stated) {
    return [];
  }
  return [
    `${setting} (${stated}) overrides ${key} (${profiled}) of host ${host.name}; the profile may be stale: ${host.file}`,
  ];
}
