import type { RunSnapshot } from '../domain/audit/run-snapshot.ts';
import { compilePythonPattern } from '../domain/catalog/python-pattern.ts';
import { compareRuns } from '../domain/comparison/compare-runs.ts';
import { sessionCommit } from '../domain/plan/plan.ts';
import { readCommitRange } from '../host/run-directory/read-commit-range.ts';
import { readLogEvidence, type EvidencePattern } from '../host/run-directory/read-log-evidence.ts';
import { readRunDirectory } from '../host/run-directory/read-run-directory.ts';
import { comparisonSection } from '../report/comparison-section.ts';
import type { CliContext } from './options.ts';
import { warn } from './output.ts';

export interface CompareSessionsOptions {
  snapshot: RunSnapshot;
  /** Directory of the earlier session, as given. */
  beforeRunDir: string;
  /** Absolute path of the checkout; null when unknown. */
  repoRoot: string | null;
  context: CliContext;
}

/**
 * The report's section on what changed since an earlier session (spec 06 §14).
 *
 * @throws CalibError when the earlier directory is no session
 */
export async function compareSessions(options: CompareSessionsOptions): Promise<string> {
  const { snapshot, beforeRunDir, repoRoot, context } = options;
  const earlier = await readRunDirectory(beforeRunDir);
  const [before, after] = [sessionCommit(earlier.plan), sessionCommit(snapshot.plan)];
  const range =
    repoRoot === null ? { log: null, stat: null } : await readCommitRange({ repoRoot, before, after });
  const patterns = await evidencePatterns(context, snapshot.plan.model);
  return comparisonSection({
    before,
    after,
    before_run_dir: beforeRunDir,
    metrics: compareRuns(earlier, snapshot),
    ...range,
    evidence: await readLogEvidence({ runDir: snapshot.run_dir, plan: snapshot.plan, patterns }),
  });
}

/** A directory can be compared without the catalog that it was made with; then nothing is looked for in its logs. */
async function evidencePatterns(context: CliContext, model: string): Promise<EvidencePattern[]> {
  try {
    const catalog = await context.catalog();
    const { config } = await catalog.loadModel(model);
    return config.evidence.map(({ name, pattern, min_count }) => ({
      name,
      min_count,
      pattern: compilePythonPattern(pattern, 'search'),
    }));
  } catch (error) {
    warn(`no evidence patterns for ${model}: ${error instanceof Error ? error.message : String(error)}`);
    return [];
  }
}
