import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { CalibError } from '../../../domain/calib-error.ts';
import { cleanupCommand } from '../../../domain/catalog/cleanup-command.ts';
import { buildCatalogEnvironment, environmentRecord } from '../../../domain/catalog/environment.ts';
import { buildUnits } from '../../../domain/selection/units.ts';
import type { SessionPlan } from '../../../domain/session/session-plan.ts';
import { startabilityProblems } from '../../../domain/session/startability.ts';
import { type StageDefinition, thresholdFileOf } from '../../../domain/stages/stage.ts';
import type { StagesOfCommit } from '../../../host/discovery/stages-of-commit.ts';
import { sha256Of } from '../../../host/run-directory/files.ts';
import { type GitState, readSessionTree } from '../../../host/git/tree.ts';
import { machineName } from '../../../host/machine-name.ts';
import { hostTaskQueues } from '../../../workflows/messages.ts';
import type { CliContext } from '../../options.ts';

type Host = Awaited<ReturnType<CliContext['host']>>['host'];

/** What catalog, checkout and machine say at this moment about the stages that a session is to have. */
export interface StartInputs {
  model: string;
  repoRoot: string;
  host: Host;
  git: GitState;
  /** All stages of the model, as they are at HEAD. */
  known: StagesOfCommit;
  /** The session's stages, in its order. */
  stages: StageDefinition[];
  /** The part of a plan that follows from all this, whether the session is fresh or resumed. */
  plan: Omit<SessionPlan, DecidedByTheStart>;
}

/** Fields of a plan that a fresh start and a resume decide differently. */
type DecidedByTheStart =
  | 'schema'
  | 'session_id'
  | 'label'
  | 'run_dir'
  | 'repeats'
  | 'file_sha256'
  | 'policies'
  | 'pool'
  | 'lanes'
  | 'lane_table'
  | 'known_durations'
  | 'precheck'
  | 'resume'
  | 'force_environment'
  | 'search_attributes'
  | 'continue_as_new_events'
  | 'calib_version';

/** The definitions that a session means, and where its worker finds them. */
export interface ChosenStages {
  /** In the session's order. */
  stages: StageDefinition[];
  /** A file that holds them; absent where they are to be discovered at the commit. */
  file?: { path: string; sha256: string };
}

/**
 * Reads what a plan is made of; writes nothing and refuses nothing but what cannot be read, and stages that a lock of the
 * catalog does not have like this.
 *
 * @param choose the session's stages out of the model's
 * @throws CalibError naming what is missing or invalid
 */
export async function readStartInputs(
  context: CliContext,
  choose: (known: StageDefinition[]) => ChosenStages | Promise<ChosenStages>,
): Promise<StartInputs> {
  const { host } = await context.host();
  const { config } = await context.model();
  const repoRoot = (await context.repoRoot()).path;
  const device = await context.device();
  const known = await context.stages();
  const { stages, file } = await choose(known.stages);
  const catalogDir = (await context.catalog()).dir;
  const git = await readSessionTree({ repoRoot, catalogDir });
  const venv = await context.venv();
  const hostname = machineName(process.env);
  const cleanup = cleanupCommand(host?.profile.cleanup_script);
  const plan = {
    model: await context.modelName(),
    git_sha: git.sha,
    git_branch: git.branch,
    dirty: git.dirty,
    tree_fingerprint: git.treeFingerprint,
    repo_root: repoRoot,
    host: host?.name ?? null,
    hostname,
    venv_python: venv.python,
    venv_source: venv.source,
    catalog_dir: catalogDir,
    stages_yaml: file?.path ?? '',
    stages_yaml_sha256: file?.sha256 ?? known.sha256,
    ...(file === undefined ? { stages_from: 'discovery' as const } : {}),
    ...(device.gpu === null && Object.keys(device.names).length === 0 ? {} : { device: { ...device } }),
    ...(config.compat === undefined ? {} : { compat: config.compat }),
    environment: environmentRecord(
      buildCatalogEnvironment(config, host?.profile ?? null, await context.envOption()),
    ),
    task_queues: hostTaskQueues(hostname),
    units: buildUnits(stages, config),
    stages: stages.map(plannedStage),
    cleanup_script: cleanup.script,
    ...(cleanup.args.length === 0 ? {} : { cleanup_args: cleanup.args }),
    evidence: config.evidence,
  };
  return { model: await context.modelName(), repoRoot, host, git, known, stages, plan };
}

/** What the workflow keeps of a stage. */
function plannedStage(stage: StageDefinition): SessionPlan['stages'][number] {
  return {
    key: stage.key,
    title: stage.title,
    group: stage.group,
    metrics: Object.keys(stage.metrics),
    expected_samples: stage.expected_samples ?? null,
  };
}

/** @throws CalibError listing every stage that could never become ready */
export function refuseUnusableStages({ model, stages }: StartInputs): void {
  const problems = startabilityProblems(stages);
  if (problems.length === 0) return;
  throw new CalibError(
    'invalid-input',
    `these stages could never become ready:\n  ${problems.join('\n  ')}`,
    {
      remedy: `complete metric_sources in the model's config.yaml; \`calib discover --model ${model}\` prints what is missing`,
    },
  );
}

/** SHA-256 of every test and threshold file, by repository-relative path. */
export async function hashTestFiles({ repoRoot, stages }: StartInputs): Promise<Record<string, string>> {
  const files = new Set(stages.flatMap((stage) => [stage.test, thresholdFileOf(stage)]));
  const hashes: Record<string, string> = {};
  for (const file of [...files].sort()) {
    hashes[file] = sha256Of(await readFile(join(repoRoot, file)));
  }
  return hashes;
}
