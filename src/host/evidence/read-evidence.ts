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
import { type GatesOfSession, readSessionGates } from '../gates/read-session-gates.ts';
import { readCiRecord } from '../fingerprint/ci-record.ts';
import { readAttempts } from '../run-directory/attempts-file.ts';
import { readApplyPlan } from '../run-directory/literals.ts';

/**
 * The rules of a session's gates against what pytest said of the recorded repeats. Rules are no measurements: they are read
 * anew each time. Where nothing can be checked the document says why.
 */
export async function readEvidence(snapshot: RunSnapshot, gates: GatesOfSession): Promise<EvidenceDocument> {
  const commit = sessionCommit(snapshot.plan);
  if (gates.kind === 'unknown') {
    return {
      schema: 'calib.evidence/1',
      git_sha: commit === '' ? null : commit,
      reason: gates.reason.slice(0, 2000),
      gates: [],
      findings: [],
    };
  }
  const { observed } = gates;
  return checkEvidence({
    snapshot,
    gitSha: commit,
    gates: gates.gates.map(({ gate }) => gate),
    testsOf: await recordedTests(snapshot),
    wasSeen: (assertion) => observed !== null && wasCompared(assertion, observed),
  });
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
  const checked = withEvidence(plan, await readEvidence(question.snapshot, await readSessionGates(question)));
  return withCiComparison(checked, await readCiRecord(question.snapshot.run_dir));
}
