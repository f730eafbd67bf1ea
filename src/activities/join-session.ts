import { ApplicationFailure, Context } from '@temporalio/activity';

import { CalibError } from '../domain/calib-error.ts';
import { counted } from '../domain/counted.ts';
import type { JoinOutcome } from '../domain/pool/pool-join.ts';
import { usableGpus } from '../domain/precheck/judge-gpus.ts';
import { redactSecrets } from '../domain/secrets/redact-secrets.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { acquireLaneLease } from '../host/gpu/lane-lease.ts';
import { readGpus } from '../host/gpu/nvidia-smi.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { JoinInput } from './activity-types.ts';
import { memberPlan } from './member-plan.ts';
import { openMirror } from './open-mirror.ts';
import type { PoolMember } from './pool-member.ts';
import { precheck } from './precheck.ts';
import { proveHost } from './prove-host.ts';
import { type RepeatTiming, defaultTiming } from './repeat-timing.ts';
import { sessionMark } from './session-mark.ts';
import { settleMirror } from './settle-mirror.ts';
import { mayPass } from './storage-failure.ts';

type Refused = Extract<JoinOutcome, { kind: 'refused' }>;

/**
 * This host's answer to a session of its pool. The home host takes part as it is. Another one proves that it would measure
 * the same (commit and work tree, stage definitions, test files, environment), makes its directory of the session, and goes
 * through its own precheck; where anything differs it refuses, with every difference spelled out. Twice equals once.
 *
 * @throws ApplicationFailure `RepeatBusy`, retryable, where this host has answered already or is just about to
 * @throws CalibError only for a disk that cannot be written now; whatever else stands in the way is an answer
 */
export async function joinSession(input: JoinInput, deps: ActivityDependencies): Promise<JoinOutcome> {
  const { plan, known } = input;
  const timing = { ...defaultTiming, ...deps.timing };
  if (known.includes(deps.hostname)) throw busy(`${deps.hostname} has answered already`, timing);
  if (deps.hostname === plan.hostname) return await joinHome(plan, deps);
  try {
    return await joinElsewhere(input, deps, timing);
  } catch (error) {
    if (!(error instanceof CalibError) || mayPass(error)) throw error;
    const { message, remedy } = error;
    return refused(deps, [remedy === undefined ? message : `${message} → ${remedy}`]);
  }
}

async function joinHome(plan: SessionPlan, deps: ActivityDependencies): Promise<JoinOutcome> {
  const { lane_table: lanes = [] } = plan;
  return {
    kind: 'joined',
    host: deps.hostname,
    run_dir: plan.run_dir,
    // A repeat for one more than the worker runs at a time would wait until the session takes the host for gone.
    lanes: lanes.slice(0, deps.lanes),
    slots: Math.min(deps.lanes, plan.lanes),
    gpus: await countGpus(plan, deps),
    notes:
      lanes.length <= deps.lanes
        ? []
        : [
            `its worker runs ${counted(deps.lanes, 'repeat')} at a time, so ${lanes.length - deps.lanes} of its lanes stay idle`,
          ],
  };
}

async function joinElsewhere(
  input: JoinInput,
  deps: ActivityDependencies,
  timing: RepeatTiming,
): Promise<JoinOutcome> {
  const { plan, standard } = input;
  const { hostname, lanes: slots, member } = deps;
  if (member === undefined || member.pool !== plan.pool) return refused(deps, [notOfPool(plan, member)]);
  const basis = await member.resolve(plan.model);
  const local = memberPlan({ plan, standard }, basis, { hostname, runRoot: member.runRoot, slots });
  const lease = await acquireLaneLease({
    resources: [`join/${sessionMark(local)}`],
    holder: `session ${plan.session_id}, worker ${process.pid}`,
  });
  if (lease.kind !== 'held') throw busy(`${hostname} is answering already`, timing);
  try {
    const proof = await proveHost(local, standard, deps);
    if (proof.reasons.length > 0) return refused(deps, proof.reasons);
    goOn();
    const { gaps, notes } = await prepare({ plan, local, deps, timing });
    if (gaps.length > 0) return refused(deps, gaps);
    return {
      kind: 'joined',
      host: hostname,
      run_dir: local.run_dir,
      lanes: basis.lanes,
      slots,
      gpus: await countGpus(local, deps),
      notes: [...proof.notes, ...notes],
    };
  } finally {
    await lease.lease.release();
  }
}

/** What writes: this host's directory of the session, its precheck, and the end of what it was given before. */
async function prepare(joining: {
  plan: SessionPlan;
  local: SessionPlan;
  deps: ActivityDependencies;
  timing: RepeatTiming;
}): Promise<{ gaps: string[]; notes: string[] }> {
  const { plan, local, deps, timing } = joining;
  const made = await openMirror(local, { hostname: plan.hostname, run_dir: plan.run_dir });
  goOn();
  const verdict = await precheck(local, deps);
  if (!verdict.ok) return { gaps: verdict.errors, notes: [] };
  goOn();
  const settled = made === 'existing' ? await settleMirror(local, timing) : [];
  await appendRunLog(local.run_dir, settled, new Date());
  return { gaps: [], notes: [...verdict.warnings, ...settled] };
}

/** An offer that was taken back is not worth another step. */
function goOn(): void {
  Context.current().cancellationSignal.throwIfAborted();
}

/** GPUs that a repeat may have here; 0 where no stage needs any, or none can be read. */
async function countGpus(
  plan: SessionPlan,
  { gpus, timing }: Pick<ActivityDependencies, 'gpus' | 'timing'>,
): Promise<number> {
  if (plan.units.every((unit) => unit.gpus === 0)) return 0;
  const timeoutMs = timing?.driverAnswerMs ?? defaultTiming.driverAnswerMs;
  const reading = await readGpus({ timeoutMs });
  return reading.kind === 'gpus' ? usableGpus(reading.gpus, gpus).length : 0;
}

function notOfPool({ pool = 'none' }: SessionPlan, member: PoolMember | undefined): string {
  const own = member === undefined ? 'of no pool' : `of pool ${member.pool}`;
  return `this worker is ${own}, the session of pool ${pool} → name the pool in the host's profile and start the worker again`;
}

function refused({ hostname }: Pick<ActivityDependencies, 'hostname'>, reasons: string[]): Refused {
  return { kind: 'refused', host: hostname, reasons: reasons.map(redactSecrets) };
}

/** Left to another host: this one is asked again later. */
function busy(message: string, { busyRetryMs }: RepeatTiming): ApplicationFailure {
  return ApplicationFailure.create({ message, type: failureTypes.busy, nextRetryDelay: busyRetryMs });
}
