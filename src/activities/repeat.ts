import type { RepeatLabel } from '../domain/observation/milestones.ts';
import type { Policies } from '../domain/plan/plan.ts';
import type { Unit } from '../domain/plan/unit.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { type GpuReading, readGpus } from '../host/gpu/nvidia-smi.ts';
import type { LaunchExit, LaunchIdentity } from '../host/process/launch-documents.ts';
import type { LaunchLane } from '../host/process/launch-lane.ts';
import type { LaunchMark } from '../host/process/repeat-mark.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { ActivityDependencies } from './activity-dependencies.ts';
import type { RunRepeatInput } from './activity-types.ts';
import type { RepeatHeartbeats } from './repeat-heartbeats.ts';
import type { RepeatTiming } from './repeat-timing.ts';
import type { SessionFiles } from './session-files.ts';

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
