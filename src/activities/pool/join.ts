import { ApplicationFailure, Context } from '@temporalio/activity';

import { CalibError } from '../../domain/calib-error.ts';
import type { JoinOutcome } from '../../domain/pool/pool.ts';
import { usableGpus } from '../../domain/precheck/judge-gpus.ts';
import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import { boundedLines } from '../../domain/session/milestones.ts';
import type { SessionPlan } from '../../domain/session/session-plan.ts';
import { failureTypes } from '../../domain/session/session-state.ts';
import { counted } from '../../domain/text.ts';
import { readGpus } from '../../host/gpu/gpus.ts';
import { acquireHostLock } from '../../host/lock/host-lock.ts';
import { appendRunLog } from '../../host/run-directory/logs/run-log.ts';
import { readPlan } from '../../host/run-directory/plan-file.ts';
import type { JoinInput } from '../activity-types.ts';
import { isTransient } from '../failures.ts';
import { precheck } from '../precheck.ts';
import { sessionMark } from '../repeat/claim-repeat.ts';
import { type ActivityDependencies, defaultTiming, type RepeatTiming } from '../repeat/repeat.ts';
import { createGuestDirectory, discardStaleLaunches } from './mirror.ts';
import type { PoolMember } from './pool-member.ts';
import { memberPlan, proveHost } from './prove.ts';

/**
 * GPUs that a session's repeats may have on this host; 0 where no stage needs any, or where the machine has no driver.
 *
 * @throws ApplicationFailure `InfraFailure`, retryable, where the driver does not answer: none would be a lasting
 * answer
 */
export async function countGpus(
  plan: Pick<SessionPlan, 'units'>,
  { gpus, timing }: Pick<ActivityDependencies, 'gpus' | 'timing'>,
): Promise<number> {
  if (plan.units.every((unit) => unit.gpus === 0)) return 0;
  const timeoutMs = timing?.driverAnswerMs ?? defaultTiming.driverAnswerMs;
  const reading = await readGpus({ timeoutMs });
  if (reading.kind === 'gpus') return usableGpus(reading.gpus, gpus).length;
  if (reading.kind === 'missing') return 0;
  const message = `${reading.message} (${reading.remedy}; this host is then asked again by itself)`;
  throw ApplicationFailure.create({ message, type: failureTypes.infra });
}

/**
 * The home host takes part in its session's pool as it is, with the run directory itself.
 *
 * @throws CalibError `refused` where the run directory is not here: a second machine goes by the home host's name
 */
export async function joinHome(plan: SessionPlan, deps: ActivityDependencies): Promise<JoinOutcome> {
  await requireRunDirectory(plan);
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

async function requireRunDirectory({ run_dir: runDir, session_id: session, hostname }: SessionPlan) {
  try {
    const { session_id: found, mirror_of: mirrored } = await readPlan(runDir);
    if (found === session && mirrored === undefined) return;
  } catch (error) {
    if (!(error instanceof CalibError) || isTransient(error)) throw error;
  }
  throw new CalibError(
    'refused',
    `a machine that goes by the name of the home host, ${hostname}, does not have ${session} at ${runDir}`,
    {
      remedy: `give each machine of the pool a name of its own (CALIB_HOSTNAME), start its worker again, then \`resume\`; if ${hostname} is the right one, its run directory is gone`,
    },
  );
}

type Refused = Extract<JoinOutcome, { kind: 'refused' }>;

/**
 * This host's answer to a session of its pool. The home host takes part as it is, where the
 * session's run directory is there. Another one proves that it would measure
 * the same (commit and work tree, stage definitions, test files, environment), makes its directory of the session,
 * and goes through its own precheck; where anything differs it refuses, with every difference spelled out. Twice
 * equals once.
 *
 * @throws ApplicationFailure `RepeatBusy`, retryable, where this host has answered already or is just about to
 * @throws CalibError only for a disk that cannot be written now; whatever else stands in the way is an answer
 */
export async function joinSession(input: JoinInput, deps: ActivityDependencies): Promise<JoinOutcome> {
  const { plan, known } = input;
  const timing = { ...defaultTiming, ...deps.timing };
  if (known.includes(deps.hostname)) throw answeredAlready(deps.hostname, timing);
  try {
    return deps.hostname === plan.hostname
      ? await joinHome(plan, deps)
      : await joinElsewhere(input, deps, timing);
  } catch (error) {
    if (!(error instanceof CalibError) || isTransient(error)) throw error;
    const { message, remedy } = error;
    return refused(deps, [remedy === undefined ? message : `${message} → ${remedy}`]);
  }
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
  const lease = await acquireHostLock({
    resources: [`join/${sessionMark(local)}`],
    holder: `session ${plan.session_id}, worker ${process.pid}`,
  });
  if (lease.kind !== 'held') throw busy(`${hostname} is answering already`, timing.busyRetryMs);
  try {
    const proof = await proveHost(local, standard, deps);
    if (proof.reasons.length > 0) return refused(deps, proof.reasons);
    throwIfCancelled();
    const { gaps, notes } = await prepare({ plan, local, deps, timing });
    if (gaps.length > 0) return refused(deps, gaps);
    return {
      kind: 'joined',
      host: hostname,
      run_dir: local.run_dir,
      lanes: basis.lanes,
      slots,
      gpus: await countGpus(local, deps),
      notes: told([...proof.notes, ...notes]),
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
  const made = await createGuestDirectory(local, { hostname: plan.hostname, run_dir: plan.run_dir });
  throwIfCancelled();
  const verdict = await precheck(local, deps);
  if (!verdict.ok) return { gaps: verdict.errors, notes: [] };
  throwIfCancelled();
  const settled = made === 'existing' ? await discardStaleLaunches(local, timing) : [];
  await appendRunLog(local.run_dir, settled, new Date());
  return { gaps: [], notes: [...verdict.warnings, ...settled] };
}

/** An offer that was taken back is not worth another step. */
function throwIfCancelled(): void {
  Context.current().cancellationSignal.throwIfAborted();
}

function notOfPool({ pool = 'none' }: SessionPlan, member: PoolMember | undefined): string {
  const own = member === undefined ? 'of no pool' : `of pool ${member.pool}`;
  return `this worker is ${own}, the session of pool ${pool} → name the pool in the host's profile and start the worker again`;
}

function refused({ hostname }: Pick<ActivityDependencies, 'hostname'>, reasons: string[]): Refused {
  return { kind: 'refused', host: hostname, reasons: told(reasons) };
}

/** Fit to travel and to be kept in the session's state, remedies at the end included. */
function told(lines: readonly string[]): string[] {
  return boundedLines(lines.map(redactSecrets), { mostLines: 20, mostCharacters: 1000 });
}

/**
 * Left to another host. The first ones soon, as many hosts may have to pass it on to the one that is meant; later and
 * later while none of the others is there: a session may run for days.
 */
function answeredAlready(hostname: string, { busyRetryMs }: RepeatTiming): ApplicationFailure {
  const { attempt } = Context.current().info;
  const delayMs = busyRetryMs * Math.min(attempt / 10, longestDelay);
  return busy(`${hostname} has answered already`, delayMs);
}

/** In waits for something busy: a minute. */
const longestDelay = 12;

/** This host is asked again after the time, milliseconds. */
function busy(message: string, nextRetryDelay: number): ApplicationFailure {
  return ApplicationFailure.create({ message, type: failureTypes.busy, nextRetryDelay });
}
