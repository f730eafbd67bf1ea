import { dirname } from 'node:path';

import { lanesOf } from '../domain/catalog/host-lanes.ts';
import { chooseLanes, refuseTooLargeUnits } from '../domain/lanes/choose-lanes.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { affinityPrefix } from '../host/process/cpu-affinity.ts';
import { readKnownDurations } from '../host/run-directory/known-durations.ts';
import type { SessionBasis } from './session-basis.ts';

/**
 * The lanes of a session, and what is known about how long its units take. Reads earlier run directories beside
 * `runDir`.
 *
 * @param request `lanes`: `--lanes` as given, null without
 * @throws CalibError when there are no such lanes, a unit fits none of them, or their CPUs cannot be used here
 */
export async function planLanes(
  basis: Pick<SessionBasis, 'host' | 'model' | 'plan'>,
  request: { lanes: string | null; runDir: string },
): Promise<Pick<SessionPlan, 'lanes' | 'lane_table' | 'known_durations'>> {
  const { units } = basis.plan;
  const { count, table } = chooseLanes(lanesOf(basis.host?.profile ?? {}), request.lanes);
  refuseTooLargeUnits(table, units);
  for (const { name, cpus } of table ?? []) if (cpus !== undefined) await affinityPrefix(cpus, name);
  return {
    lanes: count,
    ...(table === undefined ? {} : { lane_table: table }),
    known_durations: await readKnownDurations(dirname(request.runDir), {
      model: basis.model,
      namespaces: units.map(({ namespace }) => namespace),
    }),
  };
}
