import { type Readiness, renderStrictStage } from '../audit/strict-audit.ts';
import type { ApplyPlanRefusal } from './apply-plan-document.ts';

const mostShown = 20;

export interface ApplyRefusalOptions {
  state: Readiness;
  /** The session commit. */
  commit: string;
  /** The checkout's present HEAD. */
  head: string;
}

/** The first condition of an apply that does not hold, or null. */
export function applyRefusal({ state, commit, head }: ApplyRefusalOptions): ApplyPlanRefusal | null {
  const { provenance, strict, completeness } = state;
  const refuse = (found: Pick<ApplyPlanRefusal, 'error' | 'reason'> & Partial<ApplyPlanRefusal>) => ({
    error: found.error,
    reason: found.reason,
    calibration_git_sha: commit,
    mismatches: (found.mismatches ?? []).slice(0, mostShown),
    missing_sha: (found.missing_sha ?? []).slice(0, mostShown),
  });
  if (!provenance.ok) {
    return refuse({ error: 'git_provenance_failed', ...provenance });
  }
  if (!strict.strict_complete) {
    const unready = strict.stages.filter((stage) => !stage.strict_ok);
    return refuse({
      error: 'strict_incomplete',
      reason: `strict audit incomplete (${strict.strict_ready}/${strict.total_stages} stages strict-ready)`,
      mismatches: unready.map((stage) => renderStrictStage(stage, '')),
    });
  }
  if (!completeness.complete) {
    return refuse({
      error: 'calibration_incomplete',
      reason: `incomplete calibration (${completeness.ok}/${completeness.total})`,
      mismatches: completeness.missing.map((run) => `${run.stage_key}/run${run.run}: ${run.reason}`),
    });
  }
  if (head !== commit) {
    return refuse({
      error: 'head_moved',
      reason: `HEAD is ${head || 'unknown'}, but the session observed ${commit}`,
    });
  }
  return null;
}
