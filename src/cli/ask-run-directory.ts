import type { SessionPlan } from '../domain/session/session-plan.ts';
import { planQuery } from '../workflows/messages.ts';
import { queryOf } from './query-session.ts';
import type { LocatedRun } from './locate-run-directory.ts';
import { requireWorker } from './require-worker.ts';
import { resolveSession, withSessionClient } from './session-client.ts';

/**
 * The run directory of a session, and its plan, as its workflow knows them, whether it runs or has ended.
 *
 * @throws CalibError `unreachable` without a server, a worker, or such a session
 */
export async function askRunDirectory(reference: string): Promise<Required<LocatedRun>> {
  return await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference);
    await requireWorker(client);
    const plan = await queryOf<SessionPlan>(client, session, planQuery);
    return { session, runDir: plan.run_dir, plan };
  });
}
