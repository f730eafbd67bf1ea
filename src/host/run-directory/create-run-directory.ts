import { mkdir } from 'node:fs/promises';
import { basename, isAbsolute } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { VersionControlPlace } from '../git/version-control-place.ts';
import { namesIn, readIfPresent } from './file-entries.ts';
import { runPaths } from './paths.ts';
import { readPlan } from './read-plan.ts';
import { refuseVisiblePlace } from './refuse-visible-place.ts';
import { cannotWrite, isTemporaryName } from './write-atomic.ts';

export interface RunDirectoryRequest {
  /** Absolute: the caller's directory, the worker's and pytest's are three different ones (spec 05 §2). */
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
 * Nothing is touched when it refuses (spec 05 §3).
 *
 * @throws CalibError for a relative path, a folder that git would list, one that holds another session or foreign files.
 */
export async function createRunDirectory(request: RunDirectoryRequest): Promise<'created' | 'existing'> {
  const { runDir } = request;
  if (!isAbsolute(runDir)) {
    throw new CalibError('invalid-input', `run directory ${runDir} is not an absolute path`, {
      remedy: 'name it with its whole path: the worker has another current folder',
    });
  }
  refuseVisiblePlace(runDir, await request.placeOf(runDir));
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
        'a new request needs a new directory; `start --resume --output-dir` is only for the same interrupted session on the same commit',
    },
  );
}
