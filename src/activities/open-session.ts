import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

import { CalibError } from '../domain/calib-error.ts';
import { utcTimestamp } from '../domain/clock.ts';
import { calibFields, planDocument } from '../domain/session/plan-document.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { DiskAudit } from '../domain/session/take-disk-audit.ts';
import { versionControlPlace } from '../host/git/version-control-place.ts';
import { workspaceDiff } from '../host/git/workspace-diff.ts';
import { createRunDirectory } from '../host/run-directory/create-run-directory.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { writePlan } from '../host/run-directory/plan-file.ts';
import { readPlan } from '../host/run-directory/read-plan.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import { writeFileAtomic } from '../host/run-directory/write-atomic.ts';
import { auditDirectory } from './session-files.ts';

/** Creates or, resuming, completes the run directory; the plan is written last, so that twice equals once. */
export async function openSession(plan: SessionPlan): Promise<DiskAudit> {
  const now = new Date();
  if (plan.resume) {
    const recorded = await readPlan(plan.run_dir);
    await copyStages(plan);
    await writePlan(plan.run_dir, {
      ...recorded,
      ...calibFields(plan),
      last_resume_at: utcTimestamp(now),
      last_resume_git_sha: plan.git_sha,
    });
    await appendRunLog(plan.run_dir, [`resumed on commit ${plan.git_sha}`], now);
    return await auditDirectory(plan.run_dir);
  }
  const made = await createRunDirectory({
    runDir: plan.run_dir,
    sessionId: plan.session_id,
    placeOf: (path) => versionControlPlace(plan.repo_root, path),
  });
  if (made === 'created') {
    await copyStages(plan);
    if (plan.dirty)
      await writeFileAtomic(runPaths.workspaceDiff(plan.run_dir), await workspaceDiff(plan.repo_root));
    await appendRunLog(plan.run_dir, [startLine(plan)], now);
    await writePlan(plan.run_dir, planDocument(plan, utcTimestamp(now)));
  }
  return await auditDirectory(plan.run_dir);
}

function startLine(plan: SessionPlan): string {
  const stages = plan.stages.map((stage) => stage.key).join(', ');
  return `Running ${plan.model}: ${stages}, ${plan.repeats} repeats on commit ${plan.git_sha}, run-dir ${plan.run_dir}.`;
}

async function copyStages(plan: SessionPlan): Promise<void> {
  const text = await readFile(plan.stages_yaml);
  const found = createHash('sha256').update(text).digest('hex');
  if (found !== plan.stages_yaml_sha256) {
    throw new CalibError('refused', `${plan.stages_yaml} changed while the session was being started`, {
      remedy: 'start again',
    });
  }
  await writeFileAtomic(runPaths.stagesYaml(plan.run_dir), text);
}
