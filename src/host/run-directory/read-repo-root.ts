import { dirname, resolve } from 'node:path';

import type { Plan } from '../../domain/plan/plan.ts';
import { isFolder } from '../files/path-exists.ts';
import { gitText } from '../git/run-git.ts';

export interface ReadRepoRootOptions {
  runDir: string;
  plan: Plan;
  /** What the operator said (option or environment); wins without further question. */
  given: string | undefined;
}

/**
 * The checkout that a run directory belongs to, absolute: as given, as planned, or (v0.6.0 plans do not say) the work
 * tree around the run directory or around the catalog that the plan names.
 * Null when there is none; then nothing can be read from source.
 */
export async function readRepoRoot({ runDir, plan, given }: ReadRepoRootOptions): Promise<string | null> {
  if (given !== undefined && given !== '') {
    return resolve(given);
  }
  if (plan.repo_root !== undefined && (await isFolder(plan.repo_root))) {
    return plan.repo_root;
  }
  const places = [
    resolve(runDir),
    ...(plan.stages_yaml === undefined ? [] : [dirname(resolve(plan.stages_yaml))]),
  ];
  for (const place of places) {
    const root = await topLevel(place);
    if (root !== null) {
      return root;
    }
  }
  return null;
}

async function topLevel(folder: string): Promise<string | null> {
  try {
    return await gitText(folder, ['rev-parse', '--show-toplevel']);
  } catch {
    // Not a work tree, or no such folder: another place may be.
    return null;
  }
}
