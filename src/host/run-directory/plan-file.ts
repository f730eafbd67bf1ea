import { mkdir, readFile } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { orderPlan, type Plan, planSchema, type Unit } from '../../domain/session/session-plan.ts';
import { messageOf } from '../../domain/text.ts';
import type { VersionControlPlace } from '../git/git.ts';
import { readAttempts } from './attempts-file.ts';
import { discardFolders } from './discard-repeat.ts';
import {
  cannotWrite,
  isAbsent,
  isTemporaryName,
  namesIn,
  parseDocument,
  readIfPresent,
  writeJsonAtomic,
} from './files.ts';
import { runPaths } from './paths.ts';

/**
 * `plan.json` of a run directory, calib's or v0.6.0's.
 *
 * @throws CalibError when there is none (`no plan.json in <dir>`), or naming the file and the key that is wrong.
 */
export async function readPlan(runDir: string): Promise<Plan> {
  const path = runPaths.plan(runDir);
  try {
    return parseDocument(await readFile(path), planSchema);
  } catch (error) {
    if (isAbsent(error)) {
      throw new CalibError('not-ready', `no plan.json in ${runDir}`, {
        remedy: 'give the directory of a session, the one that `start` printed',
        cause: error,
      });
    }
    throw new CalibError('invalid-input', `corrupt ${path}: ${messageOf(error)}`, {
      remedy: 'restore the file from a copy; the audits cannot know what was planned without it',
      cause: error,
    });
  }
}

/**
 * Refuses a run directory that git would list: its growing files would be part of the work tree that the
 * session observes.
 *
 * @param place of the directory, see `versionControlPlace`
 * @throws CalibError with how to have git ignore it
 */
export function requireGitIgnored(runDir: string, place: VersionControlPlace): void {
  if (place !== 'visible') return;
  throw new CalibError(
    'invalid-input',
    `run directory ${runDir} is in the checkout and git does not ignore it`,
    {
      remedy:
        'add .tune-runs/ to .gitignore (or to .git/info/exclude, which leaves the work tree as it is), ' +
        'or choose a folder outside of the checkout with --run-root',
    },
  );
}

export interface RunDirectoryRequest {
  /** Absolute: the caller's directory, the worker's and pytest's are three different ones. */
  runDir: string;
  sessionId: string;
  /** Where the path stands in version control; `visible` is refused. */
  placeOf: (path: string) => Promise<VersionControlPlace>;
}

/** Files that a start writes before its plan; their presence alone makes no session. */
const beforePlan: ReadonlySet<string> = new Set(
  [runPaths.runLog(''), runPaths.precheck(''), runPaths.stagesYaml(''), runPaths.workspaceDiff('')].map(
    (path) => basename(path),
  ),
);

/**
 * Makes the folder of a fresh session (0700), or finds the one that an earlier call for the same session has made.
 * Nothing is touched when it refuses.
 *
 * @throws CalibError for a relative path, a folder that git would list, one that holds another session or foreign
 * files.
 */
export async function createRunDirectory(request: RunDirectoryRequest): Promise<'created' | 'existing'> {
  const { runDir } = request;
  if (!isAbsolute(runDir)) {
    throw new CalibError('invalid-input', `run directory ${runDir} is not an absolute path`, {
      remedy: 'name it with its whole path: the worker has another current folder',
    });
  }
  requireGitIgnored(runDir, await request.placeOf(runDir));
  if (await holdsSession(request)) return 'existing';
  const foreign = (await namesIn(runDir)).filter((name) => !beforePlan.has(name) && !isTemporaryName(name));
  if (foreign.length > 0) {
    throw new CalibError(
      'refused',
      `run directory ${runDir} is not empty: ${foreign.slice(0, 5).join(', ')}`,
      {
        remedy: 'a new session needs a new directory',
      },
    );
  }
  try {
    await mkdir(runDir, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw cannotWrite(runDir, error);
  }
  return 'created';
}

async function holdsSession({ runDir, sessionId }: RunDirectoryRequest): Promise<boolean> {
  if ((await readIfPresent(runPaths.plan(runDir))) === null) return false;
  const plan = await readPlan(runDir);
  if (plan.session_id === sessionId) return true;
  throw new CalibError(
    'refused',
    `${runPaths.plan(runDir)} exists: it belongs to session ${plan.session_id ?? '(made by tune.py)'}`,
    {
      remedy:
        'a new request needs a new directory; `start --resume DIR` is only for the same interrupted session on the same commit',
    },
  );
}

/**
 * Writes `plan.json`, keys in the original tool's order. `readPlan` is its counterpart.
 *
 * @throws CalibError when the file system refuses.
 */
export async function writePlan(runDir: string, plan: Plan): Promise<void> {
  await writeJsonAtomic(runPaths.plan(runDir), orderPlan(plan));
}

/**
 * The highest pass that an attempt of this directory bears, set-aside ones included; null where there was none. A
 * session that carries the directory on begins after it, because attempts count against the pass that they bear.
 */
export async function readLastPass(
  runDir: string,
  plan: { units: readonly Unit[]; repeats: number },
): Promise<number | null> {
  let last: number | null = null;
  for (const { namespace } of plan.units) {
    const places = (await discardFolders(runDir, namespace)).map(({ path, repeat }) => ({ path, repeat }));
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) places.push({ path: runDir, repeat });
    for (const { path, repeat } of places) {
      // A damaged record is the audit's to report; here it merely names no pass.
      const attempts = await readAttempts({ runDir: path, namespace, repeat }).catch(() => []);
      for (const { pass } of attempts) last = Math.max(last ?? 0, pass);
    }
  }
  return last;
}
