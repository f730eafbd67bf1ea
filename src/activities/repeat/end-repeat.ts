import type { OwnStop } from '../../domain/pytest/classify-end.ts';
import { utcTimestamp } from '../../domain/text.ts';
import { runCleanupScript } from '../../host/gpu/cleanup-script.ts';
import { adoptLaunch } from '../../host/process/adopt-launch.ts';
import { type EndedProcesses, endProcesses } from '../../host/process/end-processes.ts';
import {
  launchFiles,
  type LaunchIdentity,
  launchRequestSchema,
  readLaunchDocument,
} from '../../host/process/launch-files.ts';
import { findMarkedRepeats, findMarkedSessions, type LaunchMark } from '../../host/process/repeat-mark.ts';
import { unrecordedAttempt } from '../../host/run-directory/attempt-numbers.ts';
import type { RepeatPlace } from '../../host/run-directory/attempts-file.ts';
import { discardRepeat } from '../../host/run-directory/discard-repeat.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import type { DiscardRepeatInput } from '../activity-types.ts';
import { mirrorDirectory } from '../pool/prove.ts';
import { stopText } from './attempt.ts';
import { claimAbandoned, claimLeftBehind, claimRepeat, type RepeatKey, sessionMark } from './claim-repeat.ts';
import { launchEnvironment } from '../launch/launch-environment.ts';
import {
  type ActivityDependencies,
  defaultTiming,
  logLines,
  readSessionFiles,
  type Repeat,
  type RepeatTiming,
  unitOf,
} from './repeat.ts';

/** What tells a session from all others. */
export interface ClosedSession {
  session_id: string;
  run_dir: string;
}

/**
 * Ends what is left on this machine of sessions that were closed while no worker was there to hear of it: a session
 * terminated from outside leaves no pytest running. Gives a line for each process ended.
 *
 * @param closed the session of an id when the server has closed it; null for one that goes on, or is another server's
 * @param runRoot where this host has its directories of other hosts' sessions; null where it is in no pool
 */
export async function endClosedSessions(
  closed: (sessionId: string) => Promise<ClosedSession | null>,
  runRoot: string | null = null,
): Promise<string[]> {
  const lines: string[] = [];
  for (const mark of await findMarkedSessions()) {
    const known = await closed(mark.slice(0, mark.lastIndexOf('@')));
    const session = known === null ? null : placeOfMark(mark, known, runRoot);
    if (session === null) continue;
    for (const marked of await findMarkedRepeats(mark)) {
      const claim = await claimLeftBehind({ ...session, ...marked });
      if (claim === null) continue;
      try {
        const { ended } = await endProcesses({ mark: { session: mark, ...marked } });
        const whose = `${marked.namespace} run ${marked.repeat} of closed session ${session.session_id}`;
        lines.push(...ended.map(({ pid, command }) => `ended pid ${pid} of ${whose} (${command})`));
      } finally {
        await claim.release();
      }
    }
  }
  return lines;
}

/** The session where it lies on this machine: its run directory, or as another host of its pool. */
function placeOfMark(mark: string, session: ClosedSession, runRoot: string | null): ClosedSession | null {
  const { session_id } = session;
  const places = runRoot === null ? [] : [{ session_id, run_dir: mirrorDirectory(runRoot, session_id) }];
  return [session, ...places].find((place) => sessionMark(place) === mark) ?? null;
}

/** Ends what this repeat started on this machine, orphans included; the caller holds its claim. */
export async function endOwnProcesses(
  { input, place, timing }: Repeat,
  identity: LaunchIdentity | null,
): Promise<EndedProcesses> {
  return await endProcesses({
    mark: { session: sessionMark(input), namespace: input.namespace, repeat: input.repeat },
    baseTemp: runPaths.baseTemp(place.runDir, place.namespace, place.repeat),
    graceMs: timing.graceMs,
    killWaitMs: timing.killWaitMs,
    ...(identity === null ? {} : { identity }),
  });
}

/**
 * Ends orphans of this session's other repeats, such as a server whose worker was killed with it: the 70 GiB that
 * `nvidia-smi` shows without a process. A repeat that somebody works on is left alone.
 */
export async function endStrayProcesses(repeat: Repeat): Promise<void> {
  const { input, timing } = repeat;
  const session = sessionMark(input);
  for (const marked of await findMarkedRepeats(session)) {
    if (marked.namespace === input.namespace && marked.repeat === input.repeat) continue;
    const claim = await claimAbandoned({ ...input, ...marked });
    if (claim === null) continue;
    try {
      const { ended } = await endProcesses({
        mark: { session, ...marked },
        graceMs: timing.graceMs,
        killWaitMs: timing.killWaitMs,
      });
      const whose = `${marked.namespace} run ${marked.repeat}`;
      const lines = ended.map(({ pid, command }) => `  ended orphan of ${whose}: pid ${pid} (${command})`);
      await logLines(repeat, ...lines);
    } finally {
      await claim.release();
    }
  }
}

/**
 * Ends what runs of a repeat on this machine, a launch that goes on without a worker included: its files are about to
 * be discarded. The caller holds the repeat's claim.
 *
 * @param timing how long processes have to end, milliseconds
 */
export async function endRepeat(
  key: RepeatKey,
  timing: Pick<RepeatTiming, 'graceMs' | 'killWaitMs'>,
  stop: OwnStop,
): Promise<void> {
  const { run_dir: runDir, namespace, repeat } = key;
  await endUnrecorded({ runDir, namespace, repeat }, stop);
  await endProcesses({
    mark: { session: sessionMark(key), namespace, repeat },
    baseTemp: runPaths.baseTemp(runDir, namespace, repeat),
    graceMs: timing.graceMs,
    killWaitMs: timing.killWaitMs,
  });
}

/** Stops a run that goes on without a worker, and waits for its supervisor: its folder is about to move. */
async function endUnrecorded(place: RepeatPlace, stop: OwnStop): Promise<void> {
  const attempt = await unrecordedAttempt(place);
  if (attempt === null) return;
  const launchDir = runPaths.launch(place.runDir, place.namespace, place.repeat, attempt);
  const request = await readLaunchDocument(launchFiles.request(launchDir), launchRequestSchema);
  if (request.kind !== 'read') return;
  const adoption = await adoptLaunch(launchDir, request.document.token);
  if (adoption.state !== 'running') return;
  await adoption.handle.requestStop(stopText(stop));
  await adoption.handle.waitForExit();
}

/** The clean-up of a dedicated host, if its profile opted in to one. */
export interface LaneCleaner {
  exists: boolean;
  clean(gpuIndices: readonly number[]): Promise<void>;
  /** Unless it ran within the last minute. */
  cleanIfDue(gpuIndices: readonly number[]): Promise<void>;
}

/** A script that fails is reported and waited out: the gate looks at the GPUs, not at the script. */
export function laneCleaner(repeat: Repeat, mark: LaunchMark): LaneCleaner {
  const { files, timing } = repeat;
  const script = files.plan.cleanup_script ?? null;
  let lastAtMs = Number.NEGATIVE_INFINITY;
  const clean = async (gpuIndices: readonly number[]): Promise<void> => {
    if (script === null) return;
    const result = await runCleanupScript({
      script,
      args: files.plan.cleanup_args ?? [],
      repoRoot: files.plan.repo_root,
      gpuIndices,
      env: launchEnvironment(repeat, { mark, gpuIndices }),
    });
    lastAtMs = performance.now();
    if (result.kind === 'failed') await logLines(repeat, `  ⚠ GPU clean-up: ${result.message}`);
  };
  return {
    exists: script !== null,
    clean,
    cleanIfDue: async (gpuIndices) => {
      if (performance.now() - lastAtMs >= timing.cleanupEveryMs) await clean(gpuIndices);
    },
  };
}

/**
 * Sets a whole (unit, repeat) aside because a person asked for it, after ending what may still run of it.
 *
 * @throws ApplicationFailure `RepeatBusy`, retryable, while the repeat is being worked on.
 */
export async function purgeRepeat(input: DiscardRepeatInput, deps: ActivityDependencies): Promise<void> {
  const { plan } = await readSessionFiles(input.run_dir);
  const timing = { ...defaultTiming, ...deps.timing };
  const { namespace, repeat } = input;
  const session = { session_id: plan.session_id, run_dir: input.run_dir };
  const claim = await claimRepeat({ ...session, namespace, repeat }, timing.busyRetryMs);
  try {
    await endRepeat({ ...session, namespace, repeat }, timing, { kind: 'cancelled', why: 'purged' });
    await discardRepeat({
      runDir: input.run_dir,
      namespace,
      repeat,
      stages: unitOf(plan, namespace).stages,
      reason: input.reason,
      at: utcTimestamp(new Date()),
      requestedBy: 'operator',
      commandId: input.command_id,
    });
  } finally {
    await claim.release();
  }
}
