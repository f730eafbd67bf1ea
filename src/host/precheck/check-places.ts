import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { CheckResult } from '../../domain/precheck/check-result.ts';
import { hasSlice } from '../../domain/precheck/requirements.ts';
import { judgeHost } from '../../domain/precheck/judge-host.ts';
import {
  judgeGit,
  judgeInterpreter,
  judgeRepository,
  type GitReading,
  type InterpreterQuestion,
} from '../../domain/precheck/judge-places.ts';
import { isFolder, pathExists } from '../files/path-exists.ts';
import { readGitState } from '../git/read-git-state.ts';
import type { PrecheckRequest } from './precheck-request.ts';

/** Whether the chosen interpreter can be run (spec 04 §2 row 5). */
export async function checkInterpreter(request: PrecheckRequest): Promise<CheckResult> {
  const { venvPython: python, venvSource: source, requirements } = request;
  const state = await interpreterState(python);
  return judgeInterpreter({
    python,
    source,
    candidates: requirements.venv_candidates,
    state,
    hasSlice: hasSlice(requirements),
  });
}

async function interpreterState(python: string): Promise<InterpreterQuestion['state']> {
  const stats = await stat(python).catch(() => null);
  if (stats === null) {
    return 'missing';
  }
  const executable = await access(python, constants.X_OK).then(
    () => true,
    () => false,
  );
  return executable && stats.isFile() ? 'executable' : 'not executable';
}

/** Whether the repository root is there, with a project file where versions are to follow its pins. */
export async function checkRepository({ repoRoot, requirements }: PrecheckRequest): Promise<CheckResult> {
  return judgeRepository({
    repoRoot,
    exists: await isFolder(repoRoot),
    hasProjectFile: await pathExists(join(repoRoot, 'pyproject.toml')),
    pinned: requirements.pins.map((pin) => pin.package),
  });
}

export interface CheckedGit {
  result: CheckResult;
  /** Empty where there is no commit. */
  git: { sha: string; branch: string; dirty: boolean };
}

/** The checkout's commit, and in a session whether it is still the session's (spec 04 §2 row 4, §13 item 8). */
export async function checkGit({ repoRoot, session }: PrecheckRequest): Promise<CheckedGit> {
  const reading = await readGitState(repoRoot).then(
    ({ sha, branch, dirty }): GitReading => ({ kind: 'state', sha, branch, dirty }),
    gitFailure,
  );
  const result = judgeGit(reading, session?.gitSha ?? null);
  const git =
    reading.kind === 'state'
      ? { sha: reading.sha, branch: reading.branch, dirty: reading.dirty }
      : { sha: '', branch: '', dirty: false };
  return { result, git };
}

function gitFailure(error: unknown): GitReading {
  if (!(error instanceof CalibError)) {
    throw error;
  }
  const remedy = error.remedy ?? 'run git status in the checkout and look at what it says';
  return { kind: 'failed', message: error.message, remedy };
}

/** Whether every path of the active host profile exists (spec 04 §10 gate 1, 01 §10). */
export async function checkHost({
  requirements,
  repoRoot,
  venvPython,
}: PrecheckRequest): Promise<CheckResult> {
  const { host } = requirements;
  const paths =
    host === null
      ? []
      : [host.venv_python, host.hf_hub, host.speaker_sim, host.omni_ci_home, ...host.checklist];
  const named = paths.filter((path): path is string => path !== null);
  if (host?.repo_root) named.push(host.repo_root);
  const found = await Promise.all(named.map(async (path) => [path, await pathExists(path)] as const));
  return judgeHost({ requirements, repoRoot, venvPython, exists: Object.fromEntries(found) });
}
