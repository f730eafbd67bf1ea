import { applyPlan } from '../../domain/apply/apply-plan.ts';
import type { ApplyPlanDocument, ApplyPlanRefusal } from '../../domain/apply/apply-plan-document.ts';
import type { RunSnapshot } from '../../domain/audit/run-snapshot.ts';
import { gitText } from '../git/run-git.ts';
import { readCurrentLiterals } from './read-current-literals.ts';

export interface ReadApplyPlanOptions {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout. */
  repoRoot: string;
}

/**
 * The apply plan of a run directory against the checkout as it stands (spec 06 §7); read-only.
 *
 * @throws CalibError when git cannot say what HEAD is
 */
export async function readApplyPlan({
  snapshot,
  repoRoot,
}: ReadApplyPlanOptions): Promise<ApplyPlanDocument | ApplyPlanRefusal> {
  const head = await gitText(repoRoot, ['rev-parse', '--verify', 'HEAD^{commit}']);
  const thresholds = await readCurrentLiterals({ repoRoot, stages: snapshot.stages });
  return applyPlan({ snapshot, repoRoot, head, thresholds });
}
