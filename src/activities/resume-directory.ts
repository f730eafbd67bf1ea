import { CalibError } from '../domain/calib-error.ts';
import { utcTimestamp } from '../domain/clock.ts';
import type { Plan } from '../domain/plan/plan.ts';
import { type ResumeDecision, resumePlan } from '../domain/plan/resume-plan.ts';
import { calibFields } from '../domain/session/plan-document.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { parseStagesYaml } from '../domain/stages/stages-yaml.ts';
import { versionControlPlace } from '../host/git/version-control-place.ts';
import { workspaceDiff } from '../host/git/workspace-diff.ts';
import { adoptRepeats } from '../host/run-directory/adopt-repeats.ts';
import { readIfPresent } from '../host/run-directory/file-entries.ts';
import { keepCopy } from '../host/run-directory/keep-copy.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { writePlan } from '../host/run-directory/plan-file.ts';
import { readPlan } from '../host/run-directory/read-plan.ts';
import { refuseVisiblePlace } from '../host/run-directory/refuse-visible-place.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import { readStagesFile, readStagesText } from '../host/run-directory/stages-copy.ts';
import { writeFileAtomic } from '../host/run-directory/write-atomic.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import { readPlannedStagesFile } from './planned-stages-file.ts';
import { judgeEnvironment, withForcedEnvironment } from './session-environment.ts';

/**
 * Carries an existing run directory on, calib's or the original tool's (spec 05 §5): same commit, model and stages, and
 * the same environment unless the plan forces another one. Valid repeats stay, all others are set aside as whole units
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
      `resumed on commit ${plan.git_sha}: ${adopted.kept} repeat(s) are valid and kept, ${adopted.setAside.length} set aside`,
      ...adopted.setAside.map((line) => `  set aside: ${line}`),
      ...[...decision.warnings, ...environment.warnings].map((line) => `warning: ${line}`),
    ],
    now,
  );
  const continued = { ...decision.plan, ...calibFields(plan) };
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
      remedy: 'carry it on with `calib start --resume --output-dir`, which keeps its name',
    });
  }
  refuseVisiblePlace(runDir, await versionControlPlace(plan.repo_root, runDir));
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
