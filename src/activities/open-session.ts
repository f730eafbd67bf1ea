import { utcTimestamp } from '../domain/clock.ts';
import { planDocument } from '../domain/session/plan-document.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { DiskAudit } from '../domain/session/take-disk-audit.ts';
import { versionControlPlace } from '../host/git/version-control-place.ts';
import { workspaceDiff } from '../host/git/workspace-diff.ts';
import { createRunDirectory } from '../host/run-directory/create-run-directory.ts';
import { readLastPass } from '../host/run-directory/read-last-pass.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { writePlan } from '../host/run-directory/plan-file.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import { writeFileAtomic } from '../host/run-directory/write-atomic.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import { readPlannedStagesFile } from './planned-stages-file.ts';
import { resumeDirectory } from './resume-directory.ts';
import { auditDirectory } from './session-files.ts';

/**
 * Creates the run directory of a fresh session, or carries an existing one on; gives its audit. The plan is written last, so
 * that twice equals once and a crash leaves nothing that looks like a session.
 *
 * @throws CalibError for every reason to refuse; nothing is touched then
 */
export async function openSession(
  plan: SessionPlan,
  deps: Pick<ActivityDependencies, 'gpus'> = { gpus: null },
): Promise<DiskAudit> {
  const now = new Date();
  if (plan.resume) {
    await resumeDirectory(plan, now, deps);
    const lastPass = await readLastPass(plan.run_dir, plan);
    return { ...(await auditDirectory(plan.run_dir)), ...(lastPass === null ? {} : { last_pass: lastPass }) };
  }
  const made = await createRunDirectory({
    runDir: plan.run_dir,
    sessionId: plan.session_id,
    placeOf: (path) => versionControlPlace(plan.repo_root, path),
  });
  if (made === 'created') {
    await writeFileAtomic(runPaths.stagesYaml(plan.run_dir), await readPlannedStagesFile(plan));
    if (plan.dirty)
      await writeFileAtomic(runPaths.workspaceDiff(plan.run_dir), await workspaceDiff(plan.repo_root));
    await appendRunLog(plan.run_dir, [startLine(plan), ...dirtyLine(plan)], now);
    await writePlan(plan.run_dir, planDocument(plan, utcTimestamp(now)));
  }
  return await auditDirectory(plan.run_dir);
}

function startLine(plan: SessionPlan): string {
  const stages = plan.stages.map((stage) => stage.key).join(', ');
  return `Running ${plan.model}: ${stages}, ${plan.repeats} repeats on commit ${plan.git_sha}, run-dir ${plan.run_dir}.`;
}

function dirtyLine(plan: SessionPlan): string[] {
  return plan.dirty ? ['the work tree differs from the commit: the difference is in workspace.diff'] : [];
}
