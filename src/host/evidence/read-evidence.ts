import { dirname, resolve } from 'node:path';

import type { ApplyPlanDocument, ApplyPlanRefusal } from '../../domain/apply/apply-plan-document.ts';
import { isRefusal } from '../../domain/apply/apply-plan-document.ts';
import { withCiComparison } from '../../domain/apply/plan-ci-comparison.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import { checkEvidence } from '../../domain/evidence/check-evidence.ts';
import type { EvidenceDocument } from '../../domain/evidence/gate-evidence.ts';
import { withEvidence } from '../../domain/evidence/plan-evidence.ts';
import { wasCompared } from '../../domain/gates/match-observed.ts';
import type { TestResult } from '../../domain/pytest/test-result.ts';
import { sessionCommit } from '../../domain/session/session-plan.ts';
import { thresholdFileOf } from '../../domain/stages/stage.ts';
import { messageOf } from '../../domain/text.ts';
import { withFilesAtCommit } from '../gates/files-at-commit.ts';
import { readObservedGates } from '../gates/read-observed-gates.ts';
import { readCiRecord } from '../fingerprint/ci-record.ts';
import { readAttempts } from '../run-directory/attempts-file.ts';
import { readApplyPlan } from '../run-directory/literals.ts';

export interface ReadEvidenceOptions {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout; null when unknown. */
  repoRoot: string | null;
}

/**
 * The rules of a session's gates, read at its commit, against what pytest said of the recorded repeats. Rules are no
 * measurements: they are read anew each time. Never throws; where nothing can be checked the document says why.
 */
export async function readEvidence({ snapshot, repoRoot }: ReadEvidenceOptions): Promise<EvidenceDocument> {
  const commit = sessionCommit(snapshot.plan);
  const unknown = (reason: string): EvidenceDocument => ({
    schema: 'calib.evidence/1',
    git_sha: commit === '' ? null : commit,
    reason: reason.slice(0, 2000),
    gates: [],
    findings: [],
  });
  if (repoRoot === null) return unknown('no checkout of the suite is known');
  if (!/^[0-9a-f]{7,64}$/.test(commit)) return unknown('the plan names no commit');
  const { stages } = snapshot;
  const extra = stages.flatMap((stage) => [stage.test, thresholdFileOf(stage)]);
  try {
    const { gates, observed } = await withFilesAtCommit({ repoRoot, commit, extra }, async (folder) => {
      const runRoot = dirname(resolve(snapshot.run_dir));
      const where = { runRoot, model: snapshot.plan.model, gitSha: commit, root: folder };
      return await readObservedGates({ repoRoot: folder, stages, where });
    });
    return checkEvidence({
      snapshot,
      gitSha: commit,
      gates: gates.map(({ gate }) => gate),
      testsOf: await recordedTests(snapshot),
      wasSeen: (assertion) => observed !== null && wasCompared(assertion, observed),
    });
  } catch (error) {
    return unknown(`the session's commit ${commit.slice(0, 12)} cannot be read: ${messageOf(error)}`);
  }
}

/** pytest's record of every repeat; a damaged or older one says nothing. */
async function recordedTests(
  snapshot: RunSnapshot,
): Promise<(stage: string, repeat: number) => readonly TestResult[]> {
  const { plan, run_dir: runDir, cells } = snapshot;
  const found = new Map<string, TestResult[]>();
  for (const unit of plan.units ?? []) {
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
      const place = { runDir, namespace: unit.namespace, repeat };
      const attempts = await readAttempts(place).catch(() => []);
      for (const stage of unit.stages) {
        const cell = cells[stage]?.[repeat - 1];
        const last = cell?.kind === 'recorded' ? cell.observation.attempt_history?.at(-1)?.n : undefined;
        const tests = attempts.find(({ n }) => n === last)?.tests;
        if (tests !== undefined) found.set(`${stage}\0${repeat}`, tests);
      }
    }
  }
  return (stage, repeat) => found.get(`${stage}\0${repeat}`) ?? [];
}

/**
 * The apply plan of a run directory with the evidence of each gate and what CI measured; read-only.
 *
 * @throws CalibError when git cannot say what HEAD is
 */
export async function readCheckedPlan(question: {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout. */
  repoRoot: string;
}): Promise<ApplyPlanDocument | ApplyPlanRefusal> {
  const plan = await readApplyPlan(question);
  if (isRefusal(plan)) return plan;
  const checked = withEvidence(plan, await readEvidence(question));
  return withCiComparison(checked, await readCiRecord(question.snapshot.run_dir));
}
