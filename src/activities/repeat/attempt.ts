import type { Attempt } from '../../domain/observation/observation.ts';
import {
  classifyEnd,
  type EndClassification,
  type OwnStop,
  ownStopSchema,
} from '../../domain/pytest/classify-end.ts';
import type { LaunchExit } from '../../host/process/launch-files.ts';
import { readAttempts } from '../../host/run-directory/attempts-file.ts';
import { discardFolders } from '../../host/run-directory/discard-repeat.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import type { Ended, Repeat } from './repeat.ts';

/** `requested_by` of the discards that make room for the next launch; any other is a fresh start, as a person's is. */
export const discardedByCalib = 'calib';

/**
 * `requested_by` of the discards on another host of a pool whose results its session no longer waits for: what it gives
 * that host later is a fresh start.
 */
export const discardedBySession = 'session';

/**
 * The finished attempts of this repeat that count against the present pass: those in place and those that were set
 * aside to run it again. What an operator purged, and what was aborted, costs nothing.
 *
 * @throws CalibError when a record is damaged or a folder cannot be read.
 */
export async function readSpentAttempts(repeat: Repeat): Promise<Attempt[]> {
  const { pass } = repeat.input;
  return (await countedAttempts(repeat)).filter((attempt) => attempt.pass === pass);
}

/**
 * The launch before attempt `n` since the session's budget was last given, passes before the present one included; null
 * where there was none. Attempts that found no lane are no launches.
 *
 * @throws CalibError when a record is damaged or a folder cannot be read.
 */
export async function launchBefore(repeat: Repeat, n: number): Promise<Attempt | null> {
  const { pass, budget_from_pass: from = pass } = repeat.input;
  const launched = (await countedAttempts(repeat)).filter((attempt) => attempt.lane !== undefined);
  return (
    launched.findLast((attempt) => attempt.n < n && attempt.pass >= from && attempt.pass <= pass) ?? null
  );
}

async function countedAttempts({ place }: Repeat): Promise<Attempt[]> {
  const folders = await discardFolders(place.runDir, place.namespace);
  const ofRepeat = folders.filter(({ repeat }) => repeat === place.repeat);
  const lastPurge = ofRepeat.findLastIndex(({ reason }) => reason?.requested_by !== discardedByCalib);
  const byNumber = new Map<number, Attempt>();
  for (const { path } of ofRepeat.slice(lastPurge + 1)) {
    // A damaged record that was discarded is no reason to stop: its launch is merely not counted.
    const attempts = await readAttempts({ ...place, runDir: path }).catch(() => []);
    for (const attempt of attempts) byNumber.set(attempt.n, attempt);
  }
  for (const attempt of await readAttempts(place)) byNumber.set(attempt.n, attempt);
  return [...byNumber.values()].filter(({ outcome }) => outcome !== 'aborted').sort((a, b) => a.n - b.n);
}

/** What the end of a launch means. */
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
    ...(launch.lane.jit_workspace === undefined ? {} : { jit_workspace: launch.lane.jit_workspace }),
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

/** How a reason to stop travels through the launch's folder; read again by `classifyEnded`. */
export function stopText(stop: OwnStop): string {
  return JSON.stringify(stop);
}
