import { dirname, join, resolve } from 'node:path';

import { CalibError } from '../../../domain/calib-error.ts';
import { lanesOf } from '../../../domain/catalog/host-profile.ts';
import { gpuScope } from '../../../domain/catalog/gpu-scope.ts';
import type { ModelConfig } from '../../../domain/catalog/model-config.ts';
import { chooseLanes, refuseTooLargeUnits } from '../../../domain/lanes/lanes.ts';
import { skipRefusal } from '../../../domain/precheck/judge-venv.ts';
import type { PrecheckRequirements } from '../../../domain/precheck/requirements.ts';
import { missingAsrWarning, selectStages, wholeFileWarnings } from '../../../domain/selection/select.ts';
import { makeSessionId, type Policies, type SessionPlan } from '../../../domain/session/session-plan.ts';
import type { StageDefinition } from '../../../domain/stages/stage.ts';
import { requireLockedShape } from '../../../host/discovery/stages-of-commit.ts';
import { versionControlPlace } from '../../../host/git/git.ts';
import { machineName } from '../../../host/machine-name.ts';
import { affinityPrefix } from '../../../host/process/cpu-affinity.ts';
import { readKnownDurations } from '../../../host/earlier-runs/known-durations.ts';
import { runPaths } from '../../../host/run-directory/paths.ts';
import { requireGitIgnored } from '../../../host/run-directory/plan-file.ts';
import { checkedPlan } from '../../checked-plan.ts';
import type { CliContext } from '../../options.ts';
import { note, warn } from '../../output.ts';
import { hashTestFiles, readStartInputs, refuseUnusableStages, type StartInputs } from './start-inputs.ts';
import { narrowToChanged } from './changed-since.ts';
import type { StartOptions } from './start.ts';

/**
 * The lanes of a session, and what is known about how long its units take. Reads earlier run directories beside
 * `runDir`.
 *
 * @param request `lanes`: `--lanes` as given, null without
 * @throws CalibError when there are no such lanes, a unit fits none of them, or their CPUs cannot be used here
 */
export async function planLanes(
  basis: Pick<StartInputs, 'host' | 'model' | 'plan'>,
  request: { lanes: string | null; runDir: string },
): Promise<Pick<SessionPlan, 'lanes' | 'lane_table' | 'known_durations'>> {
  const { units } = basis.plan;
  const { count, table } = chooseLanes(
    lanesOf(basis.host?.profile ?? {}, gpuScope(process.env)),
    request.lanes,
  );
  refuseTooLargeUnits(table, units);
  for (const { name, cpus } of table ?? []) if (cpus !== undefined) await affinityPrefix(cpus, name);
  return {
    lanes: count,
    ...(table === undefined ? {} : { lane_table: table }),
    known_durations: await readKnownDurations(dirname(request.runDir), {
      model: basis.model,
      namespaces: units.map(({ namespace }) => namespace),
    }),
  };
}

/**
 * The pool that the host's profile names, for the plan; nothing where it names none or the operator keeps the session
 * here.
 *
 * @param request `pool` false = `--no-pool`
 */
export function planPool(
  { host }: Pick<StartInputs, 'host'>,
  request: { pool: boolean },
): Pick<SessionPlan, 'pool'> {
  const pool = host?.profile.pool;
  return pool === undefined || !request.pool ? {} : { pool };
}

export interface PrecheckStages {
  /** All stages of the model. */
  catalog: readonly StageDefinition[];
  /** Null: everything that the model config names. */
  selected: readonly StageDefinition[] | null;
}

/** What a precheck asks of the machine, for an invocation's model, host, checkout and interpreter. */
export async function precheckRequirements(
  context: CliContext,
  { catalog, selected }: PrecheckStages,
): Promise<PrecheckRequirements> {
  const { resolveRequirements } = await import('../../../host/precheck/resolve-requirements.ts');
  const { host, source } = await context.host();
  return await resolveRequirements({
    config: (await context.model()).config,
    catalogStages: catalog,
    selected,
    host,
    hostDeclined: source === 'disabled',
    repoRoot: (await context.repoRoot()).path,
    venvCandidates: (await context.venv()).candidates,
    envOption: await context.envOption(),
  });
}

/** The switches of `start`. */
export interface PrecheckSwitches {
  skipPrecheck?: boolean;
  skipVersionCheck?: boolean;
}

/**
 * The precheck part of a session's plan: the worker has no model config, so what it must ask is resolved at the start.
 *
 * @throws CalibError `refused` for a skipped precheck of ASR stages
 */
export async function planPrecheck(
  context: CliContext,
  stages: PrecheckStages,
  { skipPrecheck = false, skipVersionCheck = false }: PrecheckSwitches,
): Promise<SessionPlan['precheck']> {
  const refusal = skipPrecheck ? skipRefusal((stages.selected ?? []).map(({ test }) => test)) : null;
  if (refusal !== null) {
    throw new CalibError('refused', refusal, { remedy: 'start without --skip-precheck' });
  }
  const resolved = await precheckRequirements(context, stages);
  // A fresh start has insisted on a choice already; a session that began without a profile goes on without.
  const requirements = { ...resolved, host_declined: resolved.host === null };
  return { skip: skipPrecheck, skip_version_check: skipVersionCheck, requirements };
}

export interface StartRequest {
  /** Stage tokens as given. */
  stages: string;
  /** `--changed-since` as given; null without. */
  changedSince: string | null;
  repeats: number;
  /** Null = the model's name. */
  label: string | null;
  /** Null = `.tune-runs` in the checkout. */
  runRoot: string | null;
  /** Null = the policy's own. */
  maxPasses: number | null;
  /** `--lanes` as given; null without. */
  lanes: string | null;
  /** False = `--no-pool`: only this host runs repeats. */
  pool: boolean;
  switches: PrecheckSwitches;
  /** Launch every unit once, record nothing, and end. */
  smoke?: boolean;
  now: Date;
  calibVersion: string;
}

/**
 * The plan of a fresh session on current HEAD: everything is read and checked before anything is started or written.
 *
 * @throws CalibError for every reason not to start, with its remedy
 */
export async function buildSessionPlan(context: CliContext, request: StartRequest): Promise<SessionPlan> {
  const label = request.label ?? (await context.modelName());
  const sessionId = makeSessionId(request.now, label);
  await requireHostChoice(context);
  let changed: SessionPlan['changed_since'];
  const basis = await readStartInputs(context, async (known) => {
    const { stages, expansionLine } = selectStages(known, request.stages);
    if (expansionLine !== null) note(expansionLine);
    if (request.changedSince === null) return { stages };
    const place = { repoRoot: (await context.repoRoot()).path, reference: request.changedSince };
    const narrowed = await narrowToChanged(stages, place);
    changed = narrowed.record;
    return { stages: narrowed.stages };
  });
  await requireLockedShape({
    file: (await context.catalog()).stagesPath(basis.model),
    model: basis.model,
    stages: basis.known.stages,
  });
  refuseUnusableStages(basis);
  const runDir = join(resolve(request.runRoot ?? join(basis.repoRoot, '.tune-runs')), sessionId);
  requireGitIgnored(runDir, await versionControlPlace(basis.repoRoot, runDir));
  warnAbout(basis);
  const profile = basis.host?.profile;
  const gpuWait = profile?.gpu_wait_s;
  const progress = profile?.agent_policy?.poll_interval_max_s;
  return checkedPlan({
    schema: 'calib.session/1',
    ...basis.plan,
    session_id: sessionId,
    label,
    run_dir: runDir,
    repeats: request.repeats,
    file_sha256: await hashTestFiles(basis),
    stages_yaml: runPaths.stagesYaml(runDir),
    ...(changed === undefined ? {} : { changed_since: changed }),
    policies: {
      ...(request.maxPasses === null ? {} : { max_passes: request.maxPasses }),
      ...(gpuWait === undefined ? {} : { gpu_wait_s: gpuWait }),
      ...(progress === undefined ? {} : { progress_s: progress }),
      ...modelPolicies((await context.model()).config),
      ...(request.smoke === true ? { attempts_per_pass: 1, max_passes: 1 } : {}),
    },
    ...(request.smoke === true ? { purpose: 'smoke' as const } : planPool(basis, request)),
    ...(await planLanes(basis, { lanes: request.lanes, runDir })),
    precheck: await planPrecheck(
      context,
      { catalog: basis.known.stages, selected: basis.stages },
      request.switches,
    ),
    calib_version: request.calibVersion,
  });
}

const modelPolicyNames = [
  'exit_grace_s',
  'count_after_crash',
  'jit_cache',
  'max_log_bytes',
  'max_result_bytes',
] as const;

/** The model's own limits; what its config leaves out is the policies' default. */
function modelPolicies(config: ModelConfig): Partial<Policies> {
  return Object.fromEntries(
    modelPolicyNames.flatMap((name) => (config[name] === undefined ? [] : [[name, config[name]]])),
  );
}

async function requireHostChoice(context: CliContext): Promise<void> {
  const { host, source } = await context.host();
  if (host !== null || source !== 'none') return;
  throw new CalibError('invalid-input', `no host profile has the hostname ${machineName(process.env)}`, {
    remedy: 'name one with --host, or say --no-host to calibrate without a profile',
  });
}

function warnAbout({ known, stages, git }: StartInputs): void {
  for (const line of wholeFileWarnings(known.stages, stages)) warn(line);
  const asr = missingAsrWarning(known.stages, stages);
  if (asr !== null) warn(asr);
  if (git.dirty) {
    warn(`the work tree differs from ${git.sha.slice(0, 8)}: the difference is kept in workspace.diff`);
  }
}

/** Repeats when neither the command line nor the prompt says otherwise. */
export const defaultRepeats = 5;

/**
 * The plan that `start` means: fresh, after asking a terminal once for what was left out, or that of an existing run
 * directory.
 *
 * @throws CalibError for every reason not to start
 */
export async function planFor(
  context: CliContext,
  options: StartOptions,
  calibVersion: string,
): Promise<SessionPlan> {
  if (options.resume !== undefined) {
    if (options.smoke === true) {
      throw new CalibError('invalid-input', '--smoke and --resume exclude each other', {
        remedy: 'a smoke makes a directory of its own and records nothing: leave --resume out',
      });
    }
    if (options.changedSince !== undefined) {
      throw new CalibError('invalid-input', '--changed-since and --resume exclude each other', {
        remedy: 'a session that is continued keeps the stages that it began with: leave --changed-since out',
      });
    }
    const runDir = await resumedDirectory(context, options);
    const { buildResumePlan } = await import('./build-resume-plan.ts');
    return await buildResumePlan(context, {
      runDir,
      options,
      calibVersion,
      now: new Date(),
    });
  }
  if (options.outputDir !== undefined) {
    throw new CalibError('invalid-input', '--output-dir names an existing run directory', {
      remedy: 'add --resume to carry it on; a fresh session makes its own directory (--run-root says where)',
    });
  }
  if (options.forceEnvironment === true) {
    throw new CalibError('invalid-input', '--force-environment is for a run directory that is continued', {
      remedy: 'leave it out: a fresh session has no other environment yet; or add --resume RUN_DIR',
    });
  }
  const smoke = options.smoke === true;
  if (smoke && (options.repeats ?? 1) !== 1) {
    throw new CalibError('invalid-input', '--smoke launches every unit once: --repeats has no meaning', {
      remedy: 'leave --repeats out',
    });
  }
  const asked = await askIfTerminal(context, smoke ? { ...options, repeats: 1 } : options);
  return await buildSessionPlan(asked.context, {
    stages: asked.stages,
    changedSince: options.changedSince ?? null,
    repeats: asked.repeats,
    label: options.label ?? (smoke ? `${await asked.context.modelName()}-smoke` : null),
    smoke,
    runRoot: options.runRoot ?? null,
    maxPasses: options.maxPasses ?? null,
    lanes: options.lanes ?? null,
    pool: options.pool,
    switches: options,
    now: new Date(),
    calibVersion,
  });
}

/** @throws CalibError `invalid-input` unless one directory is named */
async function resumedDirectory(context: CliContext, { resume, outputDir }: StartOptions): Promise<string> {
  const named = typeof resume === 'string' ? resume : undefined;
  const given = named ?? outputDir;
  if (given === undefined) {
    throw new CalibError('invalid-input', '--resume needs the run directory', {
      remedy: 'add its path, or the id of its session: --resume .tune-runs/SESSION',
    });
  }
  if (named !== undefined && outputDir !== undefined) {
    throw new CalibError('invalid-input', '--resume and --output-dir both name a run directory', {
      remedy: 'leave --output-dir out',
    });
  }
  const { givenRunDirectory } = await import('../../session/run-arguments.ts');
  return await givenRunDirectory(context, { reference: undefined, runDir: given });
}

interface Asked {
  context: CliContext;
  stages: string;
  repeats: number;
}

async function askIfTerminal(context: CliContext, options: StartOptions): Promise<Asked> {
  const terminal = process.stdin.isTTY && process.stderr.isTTY && !context.json;
  const complete = context.modelGiven && options.stages !== undefined && options.repeats !== undefined;
  if (terminal && !complete) {
    await requireServer();
    const { askForStart } = await import('./start-prompts.ts');
    return await askForStart(context, options);
  }
  return { context, stages: options.stages ?? 'ALL', repeats: options.repeats ?? defaultRepeats };
}

/** Nobody should answer questions for a session that cannot be started. @throws CalibError `unreachable` */
async function requireServer(): Promise<void> {
  const { openSessionClient } = await import('../../session/session-client.ts');
  await (await openSessionClient()).close();
}
