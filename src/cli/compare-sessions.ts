import type { RunSnapshot } from '../domain/audit/run-snapshot.ts';
import { compareRuns, droppedMetrics } from '../domain/comparison/compare-runs.ts';
import { sessionCommit } from '../domain/plan/plan.ts';
import { readCommitRange } from '../host/run-directory/read-commit-range.ts';
import { readRunDirectory } from '../host/run-directory/read-run-directory.ts';
import { comparisonSection, type ComparedSession } from '../report/comparison-section.ts';

export interface CompareSessionsOptions {
  snapshot: RunSnapshot;
  /** Directory of the earlier session, as given. */
  beforeRunDir: string;
  /** Absolute path of the checkout; null when unknown. */
  repoRoot: string | null;
}

/**
 * The report's section on what changed since an earlier session (spec 06 §14).
 *
 * @throws CalibError when the earlier directory is no session
 */
export async function compareSessions(options: CompareSessionsOptions): Promise<string> {
  const { snapshot, beforeRunDir, repoRoot } = options;
  const earlier = await readRunDirectory(beforeRunDir);
  const [before, after] = [comparedSession(earlier), comparedSession(snapshot)];
  const commits = { before: before.commit, after: after.commit };
  const range =
    repoRoot === null
      ? { log: null, stat: null, absent: [] }
      : await readCommitRange({ repoRoot, ...commits });
  return comparisonSection({
    before,
    after,
    metrics: compareRuns(earlier, snapshot),
    dropped: droppedMetrics(earlier, snapshot),
    ...range,
  });
}

function comparedSession({ plan, run_dir }: RunSnapshot): ComparedSession {
  return { commit: sessionCommit(plan), run_dir, repeats: plan.repeats };
}
