import { readFile } from 'node:fs/promises';

import { CalibError } from '../domain/calib-error.ts';
import type { DiskAudit } from '../domain/session/matrix.ts';
import { type ResumeDecision, resumePlan } from '../domain/session/resume-plan.ts';
import { calibFields, type Plan, planDocument, type SessionPlan } from '../domain/session/session-plan.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { parseStagesYaml } from '../domain/stages/stages-yaml.ts';
import { messageOf, utcTimestamp } from '../domain/text.ts';
import { stagesOfPlan } from '../host/discovery/stages-of-plan.ts';
import { versionControlPlace } from '../host/git/git.ts';
import { workspaceDiff } from '../host/git/workspace-diff.ts';
import { adoptRepeats } from '../host/run-directory/adopt-repeats.ts';
import { keepCopy, readIfPresent, sha256Of, writeFileAtomic } from '../host/run-directory/files.ts';
import { appendRunLog } from '../host/run-directory/logs/run-log.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import {
  createRunDirectory,
  readLastPass,
  readPlan,
  requireGitIgnored,
  writePlan,
} from '../host/run-directory/plan-file.ts';
import { readStagesFile, readStagesText } from '../host/run-directory/stages-copy.ts';
import { judgeEnvironment, withForcedEnvironment } from './precheck.ts';
import { type ActivityDependencies, auditDirectory } from './repeat/repeat.ts';

/**
 * The bytes of the `stages.yaml` that the plan was made from: discovered again at the commit, or the file it names.
 *
 * @throws CalibError when they cannot be read or are no longer those
 */
export async function readPlannedStagesFile(plan: SessionPlan): Promise<Buffer> {
  // Workflow code of an earlier build hands on a plan without `stages_from`; no file of a catalog lies in a run directory.
  if (plan.stages_from === 'discovery' || plan.stages_yaml === runPaths.stagesYaml(plan.run_dir)) {
    const kept = await readIfPresent(runPaths.stagesYaml(plan.run_dir));
    if (kept !== null && sha256Of(kept) === plan.stages_yaml_sha256) return kept;
    const { text, sha256 } = await stagesOfPlan(plan, plan.repo_root);
    if (sha256 === plan.stages_yaml_sha256) return Buffer.from(text);
    const what = `the stages of model ${plan.model} changed while the session was being started`;
    throw new CalibError('refused', what, { remedy: 'start again' });
  }
  const bytes = await readFile(plan.stages_yaml).catch((cause: unknown) => {
    throw new CalibError('refused', `cannot read ${plan.stages_yaml}: ${messageOf(cause)}`, {
      remedy: 'make it readable for the worker, then start again',
      cause,
    });
  });
  if (sha256Of(bytes) === plan.stages_yaml_sha256) return bytes;
  throw new CalibError('refused', `${plan.stages_yaml} changed while the session was being started`, {
    remedy: 'start again',
  });
}

/**
 * Carries an existing run directory on, calib's or the original tool's: same commit, model and stages, and
 * the same environment unless the plan forces another one. Valid repeats stay, all others are discarded as whole units
 * with the reason; what calib adds to `plan.json` is written last. Nothing is deleted or overwritten but `plan.json`
 * itself, whose fields stay.
 *
 * @throws CalibError for every reason to refuse; nothing is touched then
 */
export async function resumeDirectory(
  plan: SessionPlan,
  now: Date,
  deps: Pick<ActivityDependencies, 'gpus'>,
): Promise<void> {
  const { run_dir: runDir } = plan;
  const recorded = await readRecordedPlan(runDir);
  const decision = await decide(plan, recorded, utcTimestamp(now));
  const stagesFile = await readPlannedStagesFile(plan);
  await checkStagesCopy(runDir, recorded, stagesFile);
  const environment = await judgeEnvironment({ plan, gpus: deps.gpus, now });
  if (environment.kind === 'refused') {
    throw new CalibError('refused', environment.message, { remedy: environment.remedy });
  }

  const adopted = await adoptRepeats({
    runDir,
    recorded,
    session: plan,
    stages: plannedOf(plan, stagesFile),
    at: utcTimestamp(now),
  });
  await writeFileAtomic(runPaths.stagesYaml(runDir), stagesFile);
  if (plan.dirty) await keepWorkspaceDiff(plan);
  await appendRunLog(
    runDir,
    [
      `resumed on commit ${plan.git_sha}: ${adopted.kept} repeat(s) are valid and kept, ${adopted.setAside.length} discarded`,
      ...adopted.setAside.map((line) => `  discarded: ${line}`),
      ...[...decision.warnings, ...environment.warnings].map((line) => `warning: ${line}`),
    ],
    now,
  );
  // The plan of today decides this; without arguments it has no such field to put over an earlier one.
  const { cleanup_args: _earlier, ...recordedPlan } = decision.plan;
  const continued = { ...recordedPlan, ...calibFields(plan) };
  await writePlan(runDir, withForcedEnvironment(continued, environment, utcTimestamp(now)));
}

async function readRecordedPlan(runDir: string): Promise<Plan> {
  return await readPlan(runDir).catch((error: unknown) => {
    if (!(error instanceof CalibError) || error.code !== 'not-ready') throw error;
    throw new CalibError('refused', `nothing to resume: ${error.message}`, {
      remedy: 'give the directory of a session; a fresh session makes its own',
      cause: error,
    });
  });
}

async function decide(
  plan: SessionPlan,
  recorded: Plan,
  at: string,
): Promise<Extract<ResumeDecision, { kind: 'accepted' }>> {
  const { run_dir: runDir, session_id: session } = plan;
  if (recorded.session_id !== undefined && recorded.session_id !== session) {
    throw new CalibError('refused', `${runDir} is of session ${recorded.session_id}, not of ${session}`, {
      remedy: 'carry it on with `calib start --resume DIR`, which keeps its name',
    });
  }
  requireGitIgnored(runDir, await versionControlPlace(plan.repo_root, runDir));
  const decision = resumePlan(recorded, {
    head: plan.git_sha,
    dirty: plan.dirty,
    at,
    model: plan.model,
    stages_yaml_sha256: plan.stages_yaml_sha256,
    stages: plan.stages.map(({ key }) => key),
    repeats: plan.repeats,
    host: plan.host,
    venv_python: plan.venv_python,
    tree_fingerprint: plan.tree_fingerprint,
    units: plan.units,
  });
  if (decision.kind === 'accepted') return decision;
  throw new CalibError('refused', decision.message, { remedy: decision.remedy });
}

/** A copy that is there must be the file that the session means: of calib's session by hash, else by content. */
async function checkStagesCopy(runDir: string, recorded: Plan, wanted: Buffer): Promise<void> {
  const copy = await readStagesFile(runPaths.stagesYaml(runDir));
  if (copy === null) return;
  await readStagesText(runDir, recorded);
  if (recorded.stages_yaml_sha256 === undefined && copy.text !== wanted.toString('utf8')) {
    throw new CalibError('refused', `${copy.path} is not the catalog's stages.yaml`, {
      remedy: 'move it away, or put it into the catalog',
    });
  }
}

function plannedOf(plan: SessionPlan, stagesFile: Buffer): StageDefinition[] {
  const known = parseStagesYaml(stagesFile.toString('utf8'), plan.stages_yaml);
  return plan.stages.flatMap(({ key }) => known.filter((stage) => stage.key === key));
}

/** The difference that an earlier tool recorded stays; another one of today is kept beside it. */
async function keepWorkspaceDiff(plan: SessionPlan): Promise<void> {
  const path = runPaths.workspaceDiff(plan.run_dir);
  const today = await workspaceDiff(plan.repo_root);
  const recorded = await readIfPresent(path);
  if (recorded === null) await writeFileAtomic(path, today);
  else if (!recorded.equals(today)) await keepCopy(path, today);
}

/**
 * Creates the run directory of a fresh session, or carries an existing one on; gives its audit. The plan is written
 * last, so that twice equals once and a crash leaves nothing that looks like a session.
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
