import { resolve } from 'node:path';

import { type ApplyPlanDocument, isRefusal } from '../../domain/apply/apply-plan-document.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import { sessionCommit } from '../../domain/session/session-plan.ts';
import { isDocsStage, type StageDefinition, thresholdFileOf } from '../../domain/stages/stage.ts';
import { pathExists } from '../run-directory/files.ts';
import { readSessionTree, treeMoved } from '../git/tree.ts';
import { runPaths } from '../run-directory/paths.ts';
import { readActiveRuns } from '../run-directory/logs/launches.ts';
import { readCheckedPlan } from '../evidence/read-evidence.ts';

export type Preconditions = { kind: 'met'; plan: ApplyPlanDocument } | { kind: 'refused'; reason: string };

/**
 * Everything that must hold before thresholds may be edited: the three readiness conditions, a written
 * report, no pytest alive, HEAD and work tree as the session observed them, threshold files with the bytes of its
 * start.
 *
 * @throws CalibError when git fails
 */
export async function checkPreconditions(question: {
  snapshot: RunSnapshot;
  repoRoot: string;
}): Promise<Preconditions> {
  const { snapshot, repoRoot } = question;
  const runDir = snapshot.run_dir;
  const plan = await readCheckedPlan({ snapshot, repoRoot });
  if (isRefusal(plan)) {
    return refused([plan.reason, ...plan.mismatches, ...plan.missing_sha]);
  }
  const running = await readActiveRuns(runDir, Date.now());
  if (running.length > 0) {
    return refused(running.map(({ namespace, k }) => `pytest of ${namespace} repeat ${k} is still running`));
  }
  if (!(await pathExists(runPaths.report(runDir)))) {
    return refused([`${runPaths.report(runDir)} is not written: thresholds are applied after the report`]);
  }
  const edited = editedFiles({ snapshot, repoRoot, plan });
  if (edited.length > 0) {
    return refused(edited);
  }
  const { tree_fingerprint: fingerprint, catalog_dir: catalogDir } = snapshot.plan;
  if (fingerprint === undefined) {
    return refused(['the plan does not record what the work tree held: the session was not made by calib']);
  }
  const found = await readSessionTree({ repoRoot, runDir: resolve(runDir), catalogDir });
  const observed = { git_sha: sessionCommit(snapshot.plan), tree_fingerprint: fingerprint };
  const moved = treeMoved(found, observed);
  return moved === null ? { kind: 'met', plan } : refused([`${moved}; restore it first`]);
}

function refused(lines: readonly string[]): Preconditions {
  return { kind: 'refused', reason: lines.join('\n') };
}

/** Somebody else's edit, or an earlier apply, is never overwritten. */
function editedFiles(question: {
  snapshot: RunSnapshot;
  repoRoot: string;
  plan: ApplyPlanDocument;
}): string[] {
  const recorded = new Map<string, string | undefined>();
  for (const stage of question.snapshot.stages.filter((one) => !isDocsStage(one))) {
    recorded.set(thresholdFileOf(stage), recordedHash(stage));
  }
  return [...recorded].flatMap(([path, hash]) => {
    const file = question.plan.files.find((one) => one.file === resolve(question.repoRoot, path));
    return file !== undefined && file.sha256 === (file.session_sha256 ?? hash)
      ? []
      : [`${path} was edited since the session started: restore it, or calibrate again`];
  });
}

/** Where the plan recorded none: what discovery saw, which a session starts from. */
function recordedHash(stage: StageDefinition): string | undefined {
  return stage.threshold_file === undefined ? stage.test_file_sha256 : stage.threshold_file_sha256;
}
