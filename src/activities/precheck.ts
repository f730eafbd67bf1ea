import { access, constants } from 'node:fs/promises';

import type { SessionPlan } from '../domain/session/session-plan.ts';
import { readGitState } from '../host/git/read-git-state.ts';
import type { PrecheckVerdict } from './activity-types.ts';

/** Read-only gate before any pytest: the interpreter runs, HEAD is the session's commit. */
export async function precheck(plan: SessionPlan): Promise<PrecheckVerdict> {
  if (plan.precheck.skip) return { ok: true, errors: [], warnings: ['precheck skipped'] };
  const errors: string[] = [];
  await access(plan.venv_python, constants.X_OK).catch(() => {
    errors.push(`interpreter ${plan.venv_python} cannot be executed: name another with --venv-python`);
  });
  const { sha } = await readGitState(plan.repo_root);
  if (sha !== plan.git_sha) errors.push(`HEAD is ${sha}, the session observes ${plan.git_sha}`);
  return { ok: errors.length === 0, errors, warnings: [] };
}
