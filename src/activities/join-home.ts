import { CalibError } from '../domain/calib-error.ts';
import { counted } from '../domain/counted.ts';
import type { JoinOutcome } from '../domain/pool/pool-join.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { readPlan } from '../host/run-directory/read-plan.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import { countGpus } from './count-gpus.ts';
import { mayPass } from './storage-failure.ts';

/**
 * The home host takes part in its session's pool as it is, with the run directory itself.
 *
 * @throws CalibError `refused` where the run directory is not here: a second machine goes by the home host's name
 */
export async function joinHome(plan: SessionPlan, deps: ActivityDependencies): Promise<JoinOutcome> {
  await requireRunDirectory(plan);
  const { lane_table: lanes = [] } = plan;
  return {
    kind: 'joined',
    host: deps.hostname,
    run_dir: plan.run_dir,
    // A repeat for one more than the worker runs at a time would wait until the session takes the host for gone.
    lanes: lanes.slice(0, deps.lanes),
    slots: Math.min(deps.lanes, plan.lanes),
    gpus: await countGpus(plan, deps),
    notes:
      lanes.length <= deps.lanes
        ? []
        : [
            `its worker runs ${counted(deps.lanes, 'repeat')} at a time, so ${lanes.length - deps.lanes} of its lanes stay idle`,
          ],
  };
}

async function requireRunDirectory({ run_dir: runDir, session_id: session, hostname }: SessionPlan) {
  try {
    const { session_id: found, mirror_of: mirrored } = await readPlan(runDir);
    if (found === session && mirrored === undefined) return;
  } catch (error) {
    if (!(error instanceof CalibError) || mayPass(error)) throw error;
  }
  throw new CalibError(
    'refused',
    `a machine that goes by the name of the home host, ${hostname}, does not have ${session} at ${runDir}`,
    {
      remedy: `give each machine of the pool a name of its own (CALIB_HOSTNAME), start its worker again, then \`resume\`; if ${hostname} is the right one, its run directory is gone`,
    },
  );
}
