import { join, resolve } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import { policiesSchema } from '../domain/plan/plan.ts';
import { makeSessionId } from '../domain/plan/session-id.ts';
import { selectStages } from '../domain/selection/select-stages.ts';
import { missingAsrWarning, wholeFileWarnings } from '../domain/selection/selection-warnings.ts';
import { type SessionPlan, sessionPlanSchema } from '../domain/session/session-plan.ts';
import { versionControlPlace } from '../host/git/version-control-place.ts';
import { machineName } from '../host/machine-name.ts';
import { refuseVisiblePlace } from '../host/run-directory/refuse-visible-place.ts';
import type { CliContext } from './options.ts';
import { note, warn } from './output.ts';
import { planLanes } from './plan-lanes.ts';
import { planPool } from './plan-pool.ts';
import { type PrecheckSwitches, planPrecheck } from './plan-precheck.ts';
import { type SessionBasis, hashTestFiles, readSessionBasis, refuseUnusableStages } from './session-basis.ts';

export interface StartRequest {
  /** Stage tokens as given (spec 03 §1). */
  stages: string;
  repeats: number;
  /** Null = the model's name. */
  label: string | null;
  /** Null = `.tune-runs` in the checkout. */
  runRoot: string | null;
  /** Null = the policy's own (spec 03 §6). */
  maxPasses: number | null;
  /** `--lanes` as given; null without. */
  lanes: string | null;
  /** False = `--no-pool`: only this host runs repeats. */
  pool: boolean;
  switches: PrecheckSwitches;
  /** Go on with a `stages.yaml` of another version of the tests. */
  allowStaleStages: boolean;
  now: Date;
  calibVersion: string;
}

/**
 * The plan of a fresh session on current HEAD: everything is read and checked before anything is started or written.
 *
 * @throws CalibError for every reason not to start, with its remedy
 */
export async function buildSessionPlan(context: CliContext, request: StartRequest): Promise<SessionPlan> {
  const label = request.label ?? context.modelName;
  const sessionId = makeSessionId(request.now, label);
  await requireHostChoice(context);
  const basis = await readSessionBasis(context, (known) => {
    const { stages, expansionLine } = selectStages(known, request.stages);
    if (expansionLine !== null) note(expansionLine);
    return stages;
  });
  const staleStages = await refuseUnusableStages(basis, request.allowStaleStages);
  const runDir = join(resolve(request.runRoot ?? join(basis.repoRoot, '.tune-runs')), sessionId);
  refuseVisiblePlace(runDir, await versionControlPlace(basis.repoRoot, runDir));
  warnAbout(basis);
  const profile = basis.host?.profile;
  const gpuWait = profile?.gpu_wait_s;
  const progress = profile?.agent_policy?.poll_interval_max_s;
  return sessionPlanSchema.parse({
    schema: 'calib.session/1',
    ...basis.plan,
    session_id: sessionId,
    label,
    run_dir: runDir,
    repeats: request.repeats,
    file_sha256: await hashTestFiles(basis),
    ...(staleStages.length === 0 ? {} : { stale_stages: staleStages }),
    policies: policiesSchema.parse({
      ...(request.maxPasses === null ? {} : { max_passes: request.maxPasses }),
      ...(gpuWait === undefined ? {} : { gpu_wait_s: gpuWait }),
      ...(progress === undefined ? {} : { progress_s: progress }),
    }),
    ...planPool(basis, request),
    ...(await planLanes(basis, { lanes: request.lanes, runDir })),
    precheck: await planPrecheck(
      context,
      { catalog: basis.loaded.stages, selected: basis.stages },
      request.switches,
    ),
    calib_version: request.calibVersion,
  });
}

async function requireHostChoice(context: CliContext): Promise<void> {
  const { host, source } = await context.host();
  if (host !== null || source !== 'none') return;
  throw new CalibError('invalid-input', `no host profile has the hostname ${machineName(process.env)}`, {
    remedy: 'name one with --host, or say --no-host to calibrate without a profile',
  });
}

function warnAbout({ loaded, stages, git }: SessionBasis): void {
  for (const line of wholeFileWarnings(loaded.stages, stages)) warn(line);
  const asr = missingAsrWarning(loaded.stages, stages);
  if (asr !== null) warn(asr);
  if (git.dirty) {
    warn(`the work tree differs from ${git.sha.slice(0, 8)}: the difference is kept in workspace.diff`);
  }
}
