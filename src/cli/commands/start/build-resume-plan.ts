import { basename, resolve } from 'node:path';

import { CalibError } from '../../../domain/calib-error.ts';
import { utcTimestamp } from '../../../domain/text.ts';
import type { ModelConfig } from '../../../domain/catalog/model-config.ts';
import {
  type Plan,
  type Policies,
  policiesSchema,
  type SessionPlan,
} from '../../../domain/session/session-plan.ts';
import { type ResumeRequest, resumePlan } from '../../../domain/session/resume-plan.ts';
import { selectStages } from '../../../domain/selection/select.ts';
import { shapeDifferences } from '../../../domain/stages/stages-shape.ts';
import type { StageDefinition } from '../../../domain/stages/stage.ts';
import { versionControlPlace } from '../../../host/git/git.ts';
import { readPlan, requireGitIgnored } from '../../../host/run-directory/plan-file.ts';
import { plannedStages, readStagesFile, readStagesText } from '../../../host/run-directory/stages-copy.ts';
import { runPaths } from '../../../host/run-directory/paths.ts';
import type { CliContext } from '../../options.ts';
import { note, warn } from '../../output.ts';
import { checkedPlan } from '../../checked-plan.ts';
import { planLanes, planPool, planPrecheck } from './plan-session.ts';
import {
  type ChosenStages,
  hashTestFiles,
  readStartInputs,
  refuseUnusableStages,
  type StartInputs,
} from './start-inputs.ts';
import type { StartOptions } from './start.ts';

export interface ResumeOptions {
  runDir: string;
  options: StartOptions;
  now: Date;
  calibVersion: string;
}

/**
 * The plan that continues an existing run directory, calib's or the original tool's: same commit, same model, same
 * stages. Without `--stages` it means the plan's stages.
 *
 * @throws CalibError saying what differs
 */
export async function buildResumePlan(given: CliContext, request: ResumeOptions): Promise<SessionPlan> {
  const { options } = request;
  const runDir = resolve(request.runDir);
  const recorded = await readRecordedPlan(runDir);
  const model = given.modelGiven ? given : given.withModel(recorded.model);
  const context = recorded.compat === undefined ? model : model.withCompat(recorded.compat);
  const basis = await readStartInputs(
    context,
    async (known) => await recordedStages({ runDir, recorded, known }),
  );
  const first = checkResume(recorded, basis, request);
  await requirePassedNames(context, recorded);
  checkShape(recorded, basis);
  requireGitIgnored(runDir, await versionControlPlace(basis.repoRoot, runDir));
  refuseUnusableStages(basis);
  return checkedPlan({
    schema: 'calib.session/1',
    ...basis.plan,
    ...identity(recorded, runDir),
    units: inOrder(basis.plan.units, first),
    run_dir: runDir,
    repeats: recorded.repeats,
    file_sha256: recorded.file_sha256 ?? (await hashTestFiles(basis)),
    policies: {
      ...recorded.policies,
      ...raisedLimits(recorded, (await context.model()).config),
      ...(options.maxPasses === undefined ? {} : { max_passes: options.maxPasses }),
    },
    stages_yaml: runPaths.stagesYaml(runDir),
    ...(recorded.stages_from === undefined ? {} : { stages_from: recorded.stages_from }),
    ...planPool(basis, options),
    ...(await planLanes(basis, { lanes: options.lanes ?? null, runDir })),
    precheck: await planPrecheck(context, { catalog: basis.known.stages, selected: basis.stages }, options),
    resume: true,
    ...(options.forceEnvironment === true ? { force_environment: true } : {}),
    calib_version: request.calibVersion,
  });
}

/** What the model's config lets more through by now: it loosens what ended or halted the session, and changes no record. */
function raisedLimits(recorded: Plan, config: ModelConfig): Partial<Policies> {
  const names = ['max_log_bytes', 'max_result_bytes'] as const;
  const before = policiesSchema.parse(recorded.policies ?? {});
  return Object.fromEntries(
    names.flatMap((name) => {
      const now = config[name];
      return now !== undefined && now > before[name] ? [[name, now]] : [];
    }),
  );
}

async function readRecordedPlan(runDir: string): Promise<Plan> {
  try {
    return await readPlan(runDir);
  } catch (error) {
    // Elsewhere a directory without a plan is not ready yet; here it is a wrong argument.
    if (!(error instanceof CalibError) || error.code !== 'not-ready') throw error;
    const { message, remedy } = error;
    throw new CalibError('invalid-input', message, {
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  }
}

/** The definitions that the directory keeps; one of the original keeps none, and means those of its commit. */
async function recordedStages(question: {
  runDir: string;
  recorded: Plan;
  known: StageDefinition[];
}): Promise<ChosenStages> {
  const { runDir, recorded, known } = question;
  if ((await readStagesFile(runPaths.stagesYaml(runDir))) === null) {
    return { stages: selectStages(known, recorded.stages.join(',')).stages };
  }
  const copy = await readStagesText(runDir, recorded);
  return { stages: plannedStages(runDir, recorded, copy), file: { path: copy.path, sha256: copy.sha256 } };
}

/**
 * The commit is the same, so a difference comes from the model's config. A session that read its stages from a file goes on
 * with them.
 */
function checkShape(recorded: Plan, { known, stages }: StartInputs): void {
  const planned = known.stages.filter(({ key }) => recorded.stages.includes(key));
  const differences = shapeDifferences(stages, planned);
  if (differences.length === 0) return;
  if (recorded.stages_from === undefined) {
    for (const line of differences) warn(`the session keeps the stages that it began with: ${line}`);
    return;
  }
  throw new CalibError(
    'invalid-input',
    `the stages have changed since the session started:\n  ${differences.join('\n  ')}`,
    { remedy: "restore the model's config.yaml, or start a fresh session" },
  );
}

/** Gives the stages that go first. */
function checkResume(recorded: Plan, basis: StartInputs, { options, now }: ResumeOptions): string[] {
  const { git, plan } = basis;
  const decision = resumePlan(recorded, {
    head: git.sha,
    dirty: git.dirty,
    at: utcTimestamp(now),
    model: basis.model,
    stages_yaml_sha256: plan.stages_yaml_sha256,
    ...asked(options, basis),
    host: plan.host,
    venv_python: plan.venv_python,
    tree_fingerprint: git.treeFingerprint,
    units: plan.units,
  });
  if (decision.kind === 'refused') {
    throw new CalibError('invalid-input', decision.message, { remedy: decision.remedy });
  }
  decision.warnings.forEach(warn);
  decision.notes.forEach(note);
  return decision.stages;
}

/** Units that feed one of the stages, then the others; each part in plan order. */
function inOrder(units: SessionPlan['units'], first: readonly string[]): SessionPlan['units'] {
  const isFirst = (unit: SessionPlan['units'][number]) => unit.stages.some((stage) => first.includes(stage));
  return [...units.filter(isFirst), ...units.filter((unit) => !isFirst(unit))];
}

function asked(options: StartOptions, { known }: StartInputs): Pick<ResumeRequest, 'stages' | 'repeats'> {
  const { stages, repeats } = options;
  return {
    ...(stages === undefined
      ? {}
      : { stages: selectStages(known.stages, stages).stages.map(({ key }) => key) }),
    ...(repeats === undefined ? {} : { repeats }),
  };
}

function identity(recorded: Plan, runDir: string): Pick<SessionPlan, 'session_id' | 'label'> {
  const session_id = recorded.session_id ?? basename(runDir);
  return { session_id, label: recorded.label ?? session_id.replace(/^\d{8}T\d{6}Z_/, '') };
}

/** What `--env` named is recorded nowhere, so only the operator can say it again. @throws CalibError `invalid-input` */
async function requirePassedNames(context: CliContext, recorded: Plan): Promise<void> {
  const { passed } = await context.envOption();
  const missing = (recorded.passed_env?.names ?? []).filter((name) => passed[name] === undefined);
  if (missing.length === 0) return;
  throw new CalibError('invalid-input', `the session was started with --env ${missing.join(', ')}`, {
    remedy: `add ${missing.map((name) => `--env ${name}`).join(' ')}: its repeats must run in one environment`,
  });
}
