import { basename, resolve } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import type { WantedLaunches } from '../host/run-directory/follow-launches.ts';
import { readPlan } from '../host/run-directory/read-plan.ts';
import { locateRunDirectory } from './locate-run-directory.ts';
import type { CliContext } from './options.ts';

/** A session whose logs are to be shown. */
export interface LocatedLogs {
  session: string;
  /** Absolute, on its home host. */
  runDir: string;
  /** False where the run directory is on another machine. */
  isHere: boolean;
  /** The machine that holds it, by name; null where the plan does not say. */
  homeHost: string | null;
  /** True when several hosts may have run its repeats. */
  isPooled: boolean;
  repeats: number;
  /** Namespaces of its units; null where the plan does not say (the original tool's). */
  units: string[] | null;
  /** True when a server was asked for it, which can then tell when it has ended. */
  known: boolean;
}

/**
 * Exactly one of the two is given. A session that the server knows may have its run directory anywhere.
 *
 * @throws CalibError when there is no such session, or no such directory
 */
export async function locateLogs(
  context: Pick<CliContext, 'repoRoot'>,
  reference: string | null,
  folder: string | null,
): Promise<LocatedLogs> {
  const located =
    folder === null
      ? await locateRunDirectory(context, reference ?? 'latest', { elsewhere: true })
      : { session: basename(resolve(folder)), runDir: resolve(folder) };
  const isHere = located.plan === undefined;
  const plan = located.plan ?? (await readPlan(located.runDir));
  return {
    session: located.session,
    runDir: located.runDir,
    isHere,
    homeHost: plan.hostname ?? null,
    isPooled: plan.pool !== undefined,
    repeats: plan.repeats,
    units: plan.units?.map(({ namespace }) => namespace) ?? null,
    known: folder === null,
  };
}

/** @throws CalibError naming the units, or the number of repeats, that there are */
export function requireWanted(located: Pick<LocatedLogs, 'units' | 'repeats'>, wanted: WantedLaunches): void {
  const { units, repeats } = located;
  const { namespace, repeat } = wanted;
  if (namespace !== null && units !== null && !units.includes(namespace)) {
    throw new CalibError('invalid-input', `no unit ${namespace} in this session`, {
      remedy: `it has ${units.join(', ')}`,
    });
  }
  if (repeat !== null && repeat > repeats) {
    throw new CalibError('invalid-input', `no repeat ${repeat} in this session`, {
      remedy: `it has ${repeats}`,
    });
  }
}
