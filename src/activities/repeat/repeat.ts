import { Context } from '@temporalio/activity';

import { matrixFromSnapshot } from '../../domain/audit/matrix.ts';
import { CalibError } from '../../domain/calib-error.ts';
import { type RepeatLabel, waitingLine } from '../../domain/observation/milestones.ts';
import { slowStartupSeconds } from '../../domain/pytest/log-signatures.ts';
import type { DiskAudit } from '../../domain/session/matrix.ts';
import type { Plan, Policies, Unit } from '../../domain/session/session-plan.ts';
import { auditWithinBudget } from '../../domain/session/state-budget.ts';
import type { StartupReport } from '../../domain/session/startup-report.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { type GpuReading, readGpus } from '../../host/gpu/gpus.ts';
import type { LaunchExit, LaunchIdentity, LaunchLane } from '../../host/process/launch-files.ts';
import type { LaunchMark } from '../../host/process/repeat-mark.ts';
import { appendRunLog, goneDirectory } from '../../host/run-directory/logs/run-log.ts';
import { readDefinitions, readRunDirectory } from '../../host/run-directory/stages-copy.ts';
import type { RepeatHeartbeat, RunRepeatInput } from '../activity-types.ts';
import type { LaunchExtrasOf, LaunchPurpose } from '../launch/launch-extras.ts';
import type { PoolMember } from '../pool/pool-member.ts';

/** How often a repeat looks at the world, and how patient it is, in milliseconds. */
export interface RepeatTiming {
  /** Between two looks at GPUs that are not free: 5 s. */
  gatePollMs: number;
  /** Between taking a lane and the last look before the launch: 3 s. */
  recheckMs: number;
  /** For an answer of `nvidia-smi`: a broken driver lets it hang for ever. */
  driverAnswerMs: number;
  /** Between two tries for a lane without GPUs. */
  slotPollMs: number;
  /** Between two clean-ups of a waiting lane: 60 s. */
  cleanupEveryMs: number;
  /** Between two `waiting` lines of one wait: 30 s. */
  waitingLineEveryMs: number;
  /** Between two `running` lines. */
  runningLineEveryMs: number;
  /** A start-up that takes longer deserves a warning. */
  slowStartupMs: number;
  /** Between heartbeats while nothing else sends any; a third of the heartbeat timeout. */
  heartbeatEveryMs: number;
  /** Between TERM and KILL. */
  graceMs: number;
  /** After KILL, before a process counts as un-killable: 30 s. */
  killWaitMs: number;
  /** Before a repeat that another attempt still works on is asked for again. */
  busyRetryMs: number;
}

export const defaultTiming: RepeatTiming = {
  gatePollMs: 5000,
  recheckMs: 3000,
  driverAnswerMs: 20_000,
  slotPollMs: 250,
  cleanupEveryMs: 60_000,
  waitingLineEveryMs: 30_000,
  runningLineEveryMs: 60_000,
  slowStartupMs: slowStartupSeconds * 1000,
  heartbeatEveryMs: 10_000,
  graceMs: 10_000,
  killWaitMs: 30_000,
  busyRetryMs: 5000,
};

/** What the activities need of their worker; tests give their own. */
export interface ActivityDependencies {
  hostname: string;
  /** GPU indices this worker may use; null = all that the driver lists. */
  gpus: number[] | null;
  /** Repeats that run at the same time here. */
  lanes: number;
  /** Whether the workflow of an activity still runs: one that was terminated leaves nobody to stop its pytest. */
  isSessionOpen: (workflowId: string, runId: string) => Promise<boolean>;
  /** Tells the session of a repeat about its start-up; absent = nobody is told. */
  tellStartup?: (workflowId: string, runId: string, report: StartupReport) => Promise<void>;
  /** What this host brings into the sessions of its pool; absent where it belongs to none. */
  member?: PoolMember;
  /** What calib adds to its launches, by their purpose; absent = nothing. */
  launchExtras?: LaunchExtrasOf;
  /** Only tests are in more of a hurry than the defaults. */
  timing?: Partial<RepeatTiming>;
}

/**
 * Heartbeats of one repeat. What was said last is said again while nothing changes: ending processes, a clean-up script
 * or a slow disk may take longer than the heartbeat timeout.
 */
export class RepeatHeartbeats {
  #last: RepeatHeartbeat | null = null;
  readonly #timer: NodeJS.Timeout;
  readonly #context = Context.current();

  constructor(everyMs: number) {
    this.#timer = setInterval(() => {
      if (this.#last !== null) this.#context.heartbeat(this.#last);
    }, everyMs);
    this.#timer.unref();
  }

  /** Shows what the repeat does or waits for: visible while pending, and in the failure if the worker dies. */
  say(beat: RepeatHeartbeat): void {
    this.#last = beat;
    this.#context.heartbeat(beat);
  }

  /** The last word again, at once. */
  repeat(): void {
    if (this.#last !== null) this.#context.heartbeat(this.#last);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

/** A plan with everything that calib appends (a directory of the original tool is completed when it is adopted). */
export type SessionPlanFile = Plan & {
  session_id: string;
  repo_root: string;
  tree_fingerprint: string;
  venv_python: string;
};

export interface SessionFiles {
  plan: SessionPlanFile;
  /** The planned stages in plan order. */
  stages: StageDefinition[];
}

/** @throws CalibError when the directory is gone or is no session of calib's */
export async function readSessionFiles(runDir: string): Promise<SessionFiles> {
  const { plan, stages } = await orGone(runDir, readDefinitions(runDir));
  return { plan: sessionPlanFile(runDir, plan), stages };
}

/**
 * Turns "no plan.json" into a failure that is not repeated: a later look would not find it either, so the session is
 * to say so.
 *
 * @throws CalibError `refused` when the directory has no plan
 */
export async function orGone<T>(runDir: string, reading: Promise<T>): Promise<T> {
  return await reading.catch((error: unknown) => {
    const missing = error instanceof CalibError && error.code === 'not-ready';
    throw missing ? goneDirectory(runDir, error) : error;
  });
}

/** @throws CalibError when the plan lacks what calib adds to it */
export function sessionPlanFile(runDir: string, plan: Plan): SessionPlanFile {
  const { session_id, repo_root, tree_fingerprint, venv_python } = plan;
  if (!session_id || !repo_root || !tree_fingerprint || !venv_python) {
    throw new CalibError('invalid-input', `${runDir}/plan.json was not written by calib`, {
      remedy: 'carry it on with `calib start --resume DIR`',
    });
  }
  return { ...plan, session_id, repo_root, tree_fingerprint, venv_python };
}

/** @throws CalibError when the plan has no such unit */
export function unitOf(plan: Plan, namespace: string): Unit {
  const unit = plan.units?.find((each) => each.namespace === namespace);
  if (unit !== undefined) return unit;
  throw new CalibError('invalid-input', `no unit ${namespace} in the session's plan`, {
    remedy: `it has ${(plan.units ?? []).map((each) => each.namespace).join(', ') || 'none'}`,
  });
}

/** The strict matrix as it stands on disk. */
export async function auditDirectory(runDir: string): Promise<DiskAudit> {
  const matrix = matrixFromSnapshot(await orGone(runDir, readRunDirectory(runDir)));
  return auditWithinBudget({
    expected_samples: Object.fromEntries(
      matrix.stages.map((stage) => [stage.stage_key, stage.expected_samples]),
    ),
    cells: Object.fromEntries(matrix.stages.map((stage) => [stage.stage_key, stage.cells])),
    provenance: matrix.provenance,
  });
}

/** One (unit, repeat) and what its activity works with. */
export interface Repeat {
  input: RunRepeatInput;
  deps: ActivityDependencies;
  files: SessionFiles;
  unit: Unit;
  stages: StageDefinition[];
  policies: Policies;
  timing: RepeatTiming;
  place: { runDir: string; namespace: string; repeat: number };
  label: RepeatLabel;
  heartbeats: RepeatHeartbeats;
  /** Abstract sockets that a supervisor of this repeat holds while its pytest lives. */
  runNames: readonly string[];
  /** Its lines in `run.log` since this attempt of the activity began. */
  said: string[];
  /** What its launches are for. */
  purpose: LaunchPurpose;
}

/** One launch of pytest, before and while it runs. */
export interface Launch {
  attempt: number;
  launchDir: string;
  logPath: string;
  mark: LaunchMark;
  lane: Omit<LaunchLane, 'schema'>;
}

/** How the last launch of a repeat ended, its lane given back. */
export interface Ended {
  launch: Launch;
  exit: LaunchExit | null;
  /** The end can never be known, and why. */
  lost: string | null;
  /** Proven, of the launch; null when it never came up. */
  identity: LaunchIdentity | null;
  /** Names, in order of appearance in the log. */
  signatures: string[];
  cleanupSeconds: number;
  startupSeconds: number | null;
  /** What it did not give back. */
  leftover: string | null;
  notes: string[];
}

/** One look at the host's GPUs, bounded in time. */
export async function lookAtGpus({ timing }: Pick<Repeat, 'timing'>): Promise<GpuReading> {
  return await readGpus({ timeoutMs: timing.driverAnswerMs });
}

/** Appends milestones of this repeat to `run.log`. */
export async function logLines(repeat: Repeat, ...lines: string[]): Promise<void> {
  await appendRunLog(repeat.place.runDir, lines, new Date());
  repeat.said.push(...lines);
}

/** Milliseconds as seconds with two decimals. */
export function toSeconds(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100;
}

export interface Wait {
  waitedMs: number;
  text: string;
}

/** Tells what a repeat waits for: by heartbeat at each look, in `run.log` at once and then every half minute. */
export function waitReporter(
  repeat: Repeat,
  beat: Pick<RepeatHeartbeat, 'state' | 'attempt' | 'launch_dir' | 'lane'>,
): (wait: Wait) => Promise<void> {
  let nextLineMs = 0;
  return async ({ waitedMs, text }) => {
    repeat.heartbeats.say({ ...beat, text, seconds: Math.round(waitedMs / 1000) });
    if (waitedMs < nextLineMs) return;
    nextLineMs = waitedMs + repeat.timing.waitingLineEveryMs;
    await logLines(repeat, waitingLine(repeat.label, { waitedSeconds: waitedMs / 1000, text }));
  };
}
