import { basename, resolve } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import { readPlan } from '../host/run-directory/read-plan.ts';
import { locateRunDirectory } from './locate-run-directory.ts';
import type { CliContext } from './options.ts';

/** A run directory on this machine whose logs are to be shown. */
export interface LocatedLogs {
  session: string;
  /** Absolute. */
  runDir: string;
  repeats: number;
  /** Namespaces of its units; null where the plan does not say (the original tool's). */
  units: string[] | null;
  /** True when a server was asked for it, which can then tell when it has ended. */
  known: boolean;
}

/**
 * Exactly one of the two is given.
 *
 * @throws CalibError when there is no such session, or its directory is not on this machine
 */
export async function locateLogs(
  context: Pick<CliContext, 'repoRoot'>,
  reference: string | null,
  folder: string | null,
): Promise<LocatedLogs> {
  const located =
    folder === null
      ? await locateRunDirectory(context, reference ?? 'latest')
      : { session: basename(resolve(folder)), runDir: resolve(folder) };
  const plan = await readPlan(located.runDir);
  return {
    ...located,
    repeats: plan.repeats,
    units: plan.units?.map(({ namespace }) => namespace) ?? null,
    known: folder === null,
  };
}

/** @throws CalibError naming the units that there are */
export function requireUnit({ units }: Pick<LocatedLogs, 'units'>, namespace: string | null): void {
  if (namespace === null || units === null || units.includes(namespace)) return;
  throw new CalibError('invalid-input', `no unit ${namespace} in this session`, {
    remedy: `it has ${units.join(', ')}`,
  });
}
