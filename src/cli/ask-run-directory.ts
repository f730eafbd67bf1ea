import { planQuery } from '../workflows/messages.ts';
import type { LocatedRun } from './locate-run-directory.ts';
import { requireWorker } from './require-worker.ts';
import { resolveSession, withSessionClient } from './session-client.ts';

const QUERY_LIMIT_MS = 15_000;

/**
 * The run directory of a session as its workflow knows it, whether it runs or has ended.
 *
 * @throws CalibError `unreachable` without a server, a worker, or such a session
 */
export async function askRunDirectory(reference: string): Promise<LocatedRun> {
  return await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference);
    await requireWorker(client);
    const handle = client.client.workflow.getHandle(session);
    const plan = await client.connection.withDeadline(Date.now() + QUERY_LIMIT_MS, () =>
      handle.query(planQuery),
    );
    return { session, runDir: plan.run_dir };
  });
}
