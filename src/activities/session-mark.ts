import { sha256Of } from '../host/files/sha256-of.ts';

/**
 * What a session's processes and claims are known by on this machine. The id alone will not do: two checkouts may start
 * sessions of the same label in the same second, and each would then end the other's pytest as its own orphan.
 */
export function sessionMark(session: { session_id: string; run_dir: string }): string {
  const place = sha256Of(session.run_dir).slice(0, 12);
  return `${session.session_id}@${place}`;
}
