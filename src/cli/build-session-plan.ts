import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, join, resolve } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import { buildCatalogEnvironment, environmentRecord } from '../domain/catalog/environment.ts';
import { policiesSchema } from '../domain/plan/plan.ts';
import { makeSessionId } from '../domain/plan/session-id.ts';
import { buildUnits } from '../domain/selection/build-units.ts';
import { selectStages } from '../domain/selection/select-stages.ts';
import { missingAsrWarning, wholeFileWarnings } from '../domain/selection/selection-warnings.ts';
import { type SessionPlan, sessionPlanSchema } from '../domain/session/session-plan.ts';
import { startabilityProblems } from '../domain/session/startability.ts';
import { type StageDefinition, thresholdFileOf } from '../domain/stages/stage.ts';
import { parseStagesYaml } from '../domain/stages/stages-yaml.ts';
import { findStaleStages } from '../host/discovery/find-stale-stages.ts';
import { readGitState } from '../host/git/read-git-state.ts';
import { hostTaskQueues } from '../workflows/messages.ts';
import type { CliContext } from './options.ts';
import { note, warn } from './output.ts';

export interface StartRequest {
  /** Stage tokens as given (spec 03 §1). */
  stages: string;
  repeats: number;
  /** Null = the model's name. */
  label: string | null;
  /** Null = `.tune-runs` in the checkout. */
  runRoot: string | null;
  maxPasses: number;
  lanes: number;
  skipPrecheck: boolean;
  skipVersionCheck: boolean;
  now: Date;
  calibVersion: string;
}

/** A model's `stages.yaml`, parsed. */
export interface LoadedStages {
  path: string;
  sha256: string;
  stages: StageDefinition[];
}

/** @throws CalibError when the file is missing (naming the discover command) or invalid */
export async function loadStages(context: CliContext): Promise<LoadedStages> {
  const path = (await context.catalog()).stagesPath(context.modelName);
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CalibError('invalid-input', `no stages file ${path}`, {
      remedy: `make it with \`calib discover --model ${context.modelName}\``,
      cause,
    });
  });
  return {
    path,
    sha256: createHash('sha256').update(text).digest('hex'),
    stages: parseStagesYaml(text, path),
  };
}

/**
 * The plan of a fresh session on current HEAD: everything is read and checked before anything is started or written.
 *
 * @throws CalibError for every reason not to start, with its remedy
 */
export async function buildSessionPlan(context: CliContext, request: StartRequest): Promise<SessionPlan> {
  const host = await requireHost(context);
  const model = await context.model();
  const repoRoot = (await context.repoRoot()).path;
  const loaded = await loadStages(context);
  const { stages, expansionLine } = selectStages(loaded.stages, request.stages);
  if (expansionLine !== null) note(expansionLine);
  refuseUnstartable(stages, context.modelName);
  const fileHashes = await refuseStale(repoRoot, stages, context.modelName);
  for (const line of wholeFileWarnings(loaded.stages, stages)) warn(line);
  const asr = missingAsrWarning(loaded.stages, stages);
  if (asr !== null) warn(asr);
  const git = await readGitState(repoRoot);
  if (git.dirty)
    warn(`the work tree differs from ${git.sha.slice(0, 8)}: the difference is kept in workspace.diff`);
  const venv = await context.venv();
  const label = request.label ?? context.modelName;
  const sessionId = makeSessionId(request.now, label);
  const runRoot = resolve(request.runRoot ?? join(repoRoot, '.tune-runs'));
  return sessionPlanSchema.parse({
    schema: 'calib.session/1',
    session_id: sessionId,
    label,
    model: context.modelName,
    repeats: request.repeats,
    git_sha: git.sha,
    git_branch: git.branch,
    dirty: git.dirty,
    tree_fingerprint: git.treeFingerprint,
    repo_root: repoRoot,
    run_dir: join(runRoot, sessionId),
    host: host?.name ?? null,
    hostname: hostname(),
    venv_python: venv.python,
    venv_source: venv.source,
    catalog_dir: (await context.catalog()).dir,
    stages_yaml: loaded.path,
    stages_yaml_sha256: loaded.sha256,
    file_sha256: fileHashes,
    environment: environmentRecord(buildCatalogEnvironment(model.config, host?.profile ?? null)),
    task_queues: hostTaskQueues(hostname()),
    units: buildUnits(stages, model.config),
    stages: stages.map(plannedStage),
    policies: policiesSchema.parse({
      max_passes: request.maxPasses,
      ...(host?.profile.gpu_wait_s === undefined ? {} : { gpu_wait_s: host.profile.gpu_wait_s }),
    }),
    lanes: request.lanes,
    cleanup_script: host?.profile.cleanup_script ?? null,
    evidence: model.config.evidence,
    precheck: { skip: request.skipPrecheck, skip_version_check: request.skipVersionCheck },
    calib_version: request.calibVersion,
  } satisfies Record<
    keyof Omit<SessionPlan, 'resume' | 'search_attributes' | 'continue_as_new_events'>,
    unknown
  >);
}

async function requireHost(context: CliContext): Promise<Awaited<ReturnType<CliContext['host']>>['host']> {
  const { host, source } = await context.host();
  if (host !== null || source !== 'none') return host;
  throw new CalibError('invalid-input', `no host profile has the hostname ${hostname()}`, {
    remedy: 'name one with --host, or say --no-host to calibrate without a profile',
  });
}

/** What the workflow keeps of a stage. */
export function plannedStage(stage: StageDefinition): SessionPlan['stages'][number] {
  return {
    key: stage.key,
    title: stage.title,
    group: stage.group,
    metrics: Object.keys(stage.metrics),
    expected_samples: stage.expected_samples ?? null,
  };
}

/** @throws CalibError listing every stage that could never become ready */
export function refuseUnstartable(stages: StageDefinition[], model: string): void {
  const problems = startabilityProblems(stages);
  if (problems.length === 0) return;
  throw new CalibError(
    'invalid-input',
    `these stages could never become ready:\n  ${problems.join('\n  ')}`,
    {
      remedy: `complete metric_sources in the model's config.yaml, then \`calib discover --model ${model}\``,
    },
  );
}

/**
 * SHA-256 of every test and threshold file, by repository-relative path.
 *
 * @throws CalibError when `stages.yaml` was made from other files, with the command that cures it
 */
export async function refuseStale(
  repoRoot: string,
  stages: StageDefinition[],
  model: string,
): Promise<Record<string, string>> {
  const stale = await findStaleStages({ repoRoot, stages });
  if (stale.length > 0) {
    const lines = stale.map((entry) => `${entry.stage}: ${entry.file}: ${entry.reason}`);
    throw new CalibError(
      'invalid-input',
      `stages.yaml does not describe this checkout:\n  ${lines.join('\n  ')}`,
      {
        remedy: `calib discover --model ${model}`,
      },
    );
  }
  const files = new Set(stages.flatMap((stage) => [stage.test, thresholdFileOf(stage)]));
  const hashes: Record<string, string> = {};
  for (const file of [...files].sort()) {
    const bytes = await readFile(join(repoRoot, file));
    hashes[file] = createHash('sha256').update(bytes).digest('hex');
  }
  return hashes;
}

/** Session id that an existing run directory stands for. */
export function sessionIdOf(runDir: string): string {
  return basename(runDir);
}
