import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { SessionPlan } from '../../domain/session/session-plan.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import { planQuery } from '../../workflows/messages.ts';
import type { CliContext } from '../options.ts';
import { queryOf } from './query-session.ts';
import { isFile, isRunDirectoryPath } from './run-directory-path.ts';
import { resolveSession, type SessionScope } from './resolve-session.ts';
import { requireWorker, withSessionClient } from './session-client.ts';

export interface LocatedRun {
  session: string;
  /** Absolute. */
  runDir: string;
  /** What the session was started with, where the directory is on another machine. */
  plan?: SessionPlan;
}

/**
 * The run directory that SESSION means, for commands that work on the disk: a run directory's own path, else what the
 * Temporal server says, else (no server, no worker, a session that the server has forgotten) a directory of that name,
 * unambiguous prefix, or `latest` below `.tune-runs` of the checkout.
 *
 * @param options `elsewhere` true: a directory on another machine will do, and comes with the session's plan
 * @throws CalibError when there is none, several fit, or the directory is not on this machine
 */
export async function locateRunDirectory(
  context: SessionScope,
  reference: string,
  options: { elsewhere?: boolean } = {},
): Promise<LocatedRun> {
  if (await isRunDirectoryPath(reference)) {
    const runDir = resolve(reference);
    return { session: basename(runDir), runDir };
  }
  try {
    const { plan, ...located } = await askRunDirectory(reference, context);
    if (options.elsewhere === true && !(await isOnThisMachine(located))) return { ...located, plan };
    await requireOnThisMachine(located);
    return located;
  } catch (error) {
    if (!(error instanceof CalibError && error.code === 'unreachable')) throw error;
    return await findOnDisk(context, reference, error);
  }
}

/** @throws CalibError `not-ready` for a run directory of another machine */
export async function requireOnThisMachine(located: LocatedRun): Promise<void> {
  if (await isOnThisMachine(located)) return;
  const { session, runDir } = located;
  throw new CalibError('not-ready', `the run directory ${runDir} of ${session} is not on this machine`, {
    remedy: 'run this command on the host that holds it; `calib signal` reaches the session from anywhere',
  });
}

async function isOnThisMachine({ runDir }: Pick<LocatedRun, 'runDir'>): Promise<boolean> {
  return await isFile(runPaths.plan(runDir));
}

async function findOnDisk(
  context: Pick<CliContext, 'repoRoot'>,
  reference: string,
  unanswered: CalibError,
): Promise<LocatedRun> {
  const root = await context.repoRoot().then(
    ({ path }) => path,
    () => process.cwd(),
  );
  const runs = join(root, '.tune-runs');
  const names = (await readdir(runs).catch((): string[] => [])).sort();
  const sessions: string[] = [];
  for (const name of names) {
    if (await isFile(runPaths.plan(join(runs, name)))) sessions.push(name);
  }
  const fitting = sessions.filter((name) => reference === 'latest' || name.startsWith(reference));
  const exact = fitting.find((name) => name === reference);
  const chosen = exact ?? (reference === 'latest' ? fitting.at(-1) : fitting[0]);
  if (chosen === undefined) {
    const remedy = unanswered.remedy ?? 'give the path of the run directory';
    throw new CalibError('unreachable', `${unanswered.message}; ${what(reference)} below ${runs} either`, {
      remedy,
      cause: unanswered,
    });
  }
  if (exact === undefined && reference !== 'latest' && fitting.length > 1) {
    throw new CalibError(
      'invalid-input',
      `${reference} fits several sessions: ${fitting.slice(0, 10).join(', ')}`,
      {
        remedy: 'give more of the id',
      },
    );
  }
  return { session: chosen, runDir: join(runs, chosen) };
}

function what(reference: string): string {
  return reference === 'latest' ? 'no session' : `no session ${reference}`;
}

/**
 * The run directory of a session, and its plan, as its workflow knows them, whether it runs or has ended.
 *
 * @throws CalibError `unreachable` without a server, a worker, or such a session
 */
export async function askRunDirectory(reference: string, scope: SessionScope): Promise<Required<LocatedRun>> {
  return await withSessionClient(async (client) => {
    const session = await resolveSession(client, reference, scope);
    await requireWorker(client);
    const plan = await queryOf<SessionPlan>(client, session, planQuery);
    return { session, runDir: plan.run_dir, plan };
  });
}
