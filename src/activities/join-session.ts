import { ApplicationFailure, Context } from '@temporalio/activity';

import { CalibError } from '../domain/calib-error.ts';
import type { JoinOutcome } from '../domain/pool/pool-join.ts';
import { redactSecrets } from '../domain/secrets/redact-secrets.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import { boundedLines } from '../domain/session/bounded-lines.ts';
import type { SessionPlan } from '../domain/session/session-plan.ts';
import { acquireLaneLease } from '../host/gpu/lane-lease.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { JoinInput } from './activity-types.ts';
import { countGpus } from './count-gpus.ts';
import { joinHome } from './join-home.ts';
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
 * This host's answer to a session of its pool. The home host takes part as it is, where the
 * session's run directory is there. Another one proves that it would measure
 * the same (commit and work tree, stage definitions, test files, environment), makes its directory of the session, and goes
 * through its own precheck; where anything differs it refuses, with every difference spelled out. Twice equals once.
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
    if (!(error instanceof CalibError) || mayPass(error)) throw error;
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
  const lease = await acquireLaneLease({
    resources: [`join/${sessionMark(local)}`],
    holder: `session ${plan.session_id}, worker ${process.pid}`,
  });
  if (lease.kind !== 'held') throw busy(`${hostname} is answering already`, timing.busyRetryMs);
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
