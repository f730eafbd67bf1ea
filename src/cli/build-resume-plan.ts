import { hostname } from 'node:os';
import { resolve } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import { buildCatalogEnvironment, environmentRecord } from '../domain/catalog/environment.ts';
import { utcTimestamp } from '../domain/clock.ts';
import { policiesSchema, type Plan } from '../domain/plan/plan.ts';
import { type ResumeRequest, resumePlan } from '../domain/plan/resume-plan.ts';
import { buildUnits } from '../domain/selection/build-units.ts';
import { selectStages } from '../domain/selection/select-stages.ts';
import { type SessionPlan, sessionPlanSchema } from '../domain/session/session-plan.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { readGitState } from '../host/git/read-git-state.ts';
import { readPlan } from '../host/run-directory/read-plan.ts';
import { hostTaskQueues } from '../workflows/messages.ts';
import {
  loadStages,
  plannedStage,
  refuseStale,
  refuseUnstartable,
  sessionIdOf,
} from './build-session-plan.ts';
import type { CliContext } from './options.ts';
import { note, warn } from './output.ts';
import type { StartOptions } from './start.ts';

export interface ResumeOptions {
  runDir: string;
  options: StartOptions;
  now: Date;
  calibVersion: string;
}

/**
 * The plan that carries on an existing run directory, calib's or the original tool's: same commit, same model, same
 * stages (spec 05 §5). Without `--stages` it means the plan's stages.
 *
 * @throws CalibError saying what differs
 */
export async function buildResumePlan(given: CliContext, request: ResumeOptions): Promise<SessionPlan> {
  const { options } = request;
  const runDir = resolve(request.runDir);
  const recorded = await readPlan(runDir);
  const context = given.modelGiven ? given : given.withModel(recorded.model);
  const repoRoot = (await context.repoRoot()).path;
  const git = await readGitState(repoRoot);
  const loaded = await loadStages(context);
  const { host } = await context.host();
  const venv = await context.venv();
  const model = await context.model();
  const planned = selectStages(loaded.stages, recorded.stages.join(',')).stages;
  checkResume(recorded, {
    head: git.sha,
    dirty: git.dirty,
    at: utcTimestamp(request.now),
    model: context.modelName,
    stages_yaml_sha256: loaded.sha256,
    ...asked(options, loaded.stages),
    host: host?.name ?? null,
    venv_python: venv.python,
    tree_fingerprint: git.treeFingerprint,
    units: buildUnits(planned, model.config),
  });
  refuseUnstartable(planned, context.modelName);
  const fileHashes = await refuseStale(repoRoot, planned, context.modelName);
  return sessionPlanSchema.parse({
    ...identity(recorded, runDir),
    schema: 'calib.session/1',
    model: context.modelName,
    repeats: recorded.repeats,
    git_sha: git.sha,
    git_branch: git.branch,
    dirty: git.dirty,
    tree_fingerprint: git.treeFingerprint,
    repo_root: repoRoot,
    run_dir: runDir,
    host: host?.name ?? null,
    hostname: hostname(),
    venv_python: venv.python,
    venv_source: venv.source,
    catalog_dir: (await context.catalog()).dir,
    stages_yaml: loaded.path,
    stages_yaml_sha256: loaded.sha256,
    file_sha256: recorded.file_sha256 ?? fileHashes,
    environment: environmentRecord(buildCatalogEnvironment(model.config, host?.profile ?? null)),
    task_queues: hostTaskQueues(hostname()),
    units: buildUnits(planned, model.config),
    stages: planned.map(plannedStage),
    policies: policiesSchema.parse({ ...recorded.policies, max_passes: options.maxPasses }),
    lanes: options.lanes,
    cleanup_script: host?.profile.cleanup_script ?? null,
    evidence: model.config.evidence,
    precheck: precheckChoice(options),
    resume: true,
    calib_version: request.calibVersion,
  });
}

function precheckChoice(options: StartOptions): SessionPlan['precheck'] {
  return { skip: options.skipPrecheck === true, skip_version_check: options.skipVersionCheck === true };
}

function asked(options: StartOptions, known: StageDefinition[]): Pick<ResumeRequest, 'stages' | 'repeats'> {
  const { stages, repeats } = options;
  return {
    ...(stages === undefined ? {} : { stages: selectStages(known, stages).stages.map(({ key }) => key) }),
    ...(repeats === undefined ? {} : { repeats }),
  };
}

function checkResume(recorded: Plan, request: ResumeRequest): void {
  const decision = resumePlan(recorded, request);
  if (decision.kind === 'refused') {
    throw new CalibError('invalid-input', decision.message, { remedy: decision.remedy });
  }
  decision.warnings.forEach(warn);
  decision.notes.forEach(note);
}

function identity(recorded: Plan, runDir: string): Pick<SessionPlan, 'session_id' | 'label'> {
  const session_id = recorded.session_id ?? sessionIdOf(runDir);
  return { session_id, label: recorded.label ?? session_id.replace(/^\d{8}T\d{6}Z_/, '') };
}
