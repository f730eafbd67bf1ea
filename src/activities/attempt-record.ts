import type { Attempt } from '../domain/observation/attempt.ts';
import {
  type EndClassification,
  type OwnStop,
  classifyEnd,
  ownStopSchema,
} from '../domain/pytest/classify-end.ts';
import type { LaunchExit } from '../host/process/launch-documents.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import type { Ended, Repeat } from './repeat.ts';

/** What the end of a launch means (spec 05 §8). */
export function classifyEnded({ exit, lost, signatures, leftover }: Ended): EndClassification {
  return classifyEnd({
    exitCode: exit?.exit_code ?? null,
    signal: exit?.signal ?? null,
    ownStop: ownStopOf(exit),
    signatures,
    ...(lost === null ? {} : { lost }),
    ...(exit?.start_error ? { startError: exit.start_error } : {}),
    ...(leftover === null ? {} : { leftover }),
  });
}

/** The record of a launch that has ended; `now` (`YYYY-MM-DDTHH:MM:SSZ`) stands in for an end that nobody saw. */
export function attemptOf(
  { input }: Pick<Repeat, 'input'>,
  ended: Ended,
  judged: { classified: EndClassification; now: string; finding?: string },
): Attempt {
  const { launch, exit } = ended;
  const behind = exit?.clock?.behind_s ?? 0;
  return {
    n: launch.attempt,
    pass: input.pass,
    started_at: exit?.started_at ?? ended.identity?.started_at ?? launch.lane.launched_at,
    ended_at: exit?.ended_at ?? judged.now,
    exit_code: exit?.exit_code ?? null,
    signal: exit?.signal ?? null,
    reason: judged.classified.reason,
    outcome: judged.classified.outcome,
    ...(judged.finding === undefined ? {} : { finding: judged.finding }),
    duration_s: exit?.duration_s ?? 0,
    gate_s: launch.lane.gate_s,
    cleanup_s: ended.cleanupSeconds,
    gpus: launch.lane.gpus,
    gpu_uuids: launch.lane.gpu_uuids,
    lane: launch.lane.lane,
    log: launch.logPath,
    startup_s: ended.startupSeconds,
    ...(behind > 0 ? { clock_behind_s: behind } : {}),
    notes: [...ended.notes, ...clockNotes(exit)],
  };
}

/** Times in this record and of its files jump where the clock did. */
function clockNotes(exit: LaunchExit | null): string[] {
  return (exit?.clock?.steps_s ?? []).map(
    (step) => `the clock was set ${step < 0 ? 'back' : 'forward'} by ${Math.abs(step)} s while pytest ran`,
  );
}

/** The record of an attempt that never got a lane: it costs a launch of the budget, and yields nothing else. */
export function unlaunchedAttempt(
  { input, place }: Pick<Repeat, 'input' | 'place'>,
  failed: { attempt: number; reason: string; waitedSeconds: number; startedAt: string; now: string },
): Attempt {
  return {
    n: failed.attempt,
    pass: input.pass,
    started_at: failed.startedAt,
    ended_at: failed.now,
    exit_code: null,
    signal: null,
    reason: failed.reason,
    outcome: 'infra',
    duration_s: 0,
    gate_s: failed.waitedSeconds,
    cleanup_s: 0,
    gpus: [],
    log: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, failed.attempt),
    startup_s: null,
    notes: ['no pytest was launched'],
  };
}

function ownStopOf(exit: LaunchExit | null): OwnStop | null {
  if (exit === null || exit.stop === null) return null;
  try {
    return ownStopSchema.parse(JSON.parse(exit.stop.reason));
  } catch {
    // Somebody else sent the supervisor a SIGTERM: a death like any other.
    return null;
  }
}
