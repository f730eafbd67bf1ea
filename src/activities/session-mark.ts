import { createHash } from 'node:crypto';

/**
 * What a session's processes and claims are known by on this machine. The id alone will not do: two checkouts may start
 * sessions of the same label in the same second, and each would then end the other's pytest as its own orphan.
 */
export function sessionMark(session: { session_id: string; run_dir: string }): string {
  const place = createHash('sha256').update(session.run_dir).digest('hex').slice(0, 12);
  return `${session.session_id}@${place}`;
}
