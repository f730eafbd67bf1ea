import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { SessionBasis } from './session-basis.ts';

/**
 * The pool that the host's profile names, for the plan; nothing where it names none or the operator keeps the session here.
 *
 * @param request `pool` false = `--no-pool`
 */
export function planPool(
  { host }: Pick<SessionBasis, 'host'>,
  request: { pool: boolean },
): Pick<SessionPlan, 'pool'> {
  const pool = host?.profile.pool;
  return pool === undefined || !request.pool ? {} : { pool };
}
