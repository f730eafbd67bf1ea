import { join, relative } from 'node:path';

import { utcTimestamp } from '../../domain/text.ts';
import type { Attempt } from '../../domain/observation/observation.ts';
import type { RepeatRecord } from '../../domain/pool/pool.ts';
import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import {
  type DurableFiles,
  durableFiles,
  type PlannedFile,
  readIfPresent,
  sha256Of,
  writeTogether,
} from '../../host/run-directory/files.ts';
import { unrecordedAttempt } from '../../host/run-directory/attempt-numbers.ts';
import { attemptsDocument, readAttempts } from '../../host/run-directory/attempts-file.ts';
import { discardFolders, discardRepeat } from '../../host/run-directory/discard-repeat.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import { type ReceivedRepeat, receiveRepeat } from '../../host/run-directory/receive-repeat.ts';
import { appendRunLog } from '../../host/run-directory/logs/run-log.ts';
import { type ActivityDependencies, defaultTiming, readSessionFiles } from './repeat.ts';
import { discardedByCalib } from './attempt.ts';
import { claimRepeat } from './claim-repeat.ts';
import { endRepeat } from './end-repeat.ts';

/**
 * Puts what a repeat left on another host into the session's run directory, as if it had run here: observations, then
 * attempts, then the commit marker. Another record of that repeat is discarded first. Twice equals once, and a record
 * that was taken before and discarded since is not taken again.
 *
 * @param files the steps of the writes; tests fail one of them
 * @throws CalibError `refused` for a record that is not this session's, or not whole; nothing is touched then
 * @throws ApplicationFailure `RepeatBusy`, retryable, while this host works on the repeat itself
 */
export async function keepRepeat(
  input: { run_dir: string; record: RepeatRecord },
  deps: Pick<ActivityDependencies, 'timing'>,
  files: DurableFiles = durableFiles,
): Promise<void> {
  const { run_dir } = input;
  const { plan } = await readSessionFiles(run_dir);
  const received = receiveRepeat(run_dir, plan, input.record);
  const timing = { ...defaultTiming, ...deps.timing };
  const { namespace, repeat } = received;
  const key = { session_id: plan.session_id, run_dir, namespace, repeat };
  const claim = await claimRepeat(key, timing.busyRetryMs);
  try {
    if (await isKnown(received)) return;
    if (await isInTheWay(received)) {
      await endRepeat(key, timing, { kind: 'cancelled', why: `recorded on ${received.host}` });
      await setAside(received);
    }
    await write(received, { files, label: `[${namespace}] run ${repeat}/${plan.repeats}` });
  } finally {
    await claim.release();
  }
}

/** Whether this very record stands already, or did until it was discarded. */
async function isKnown(received: ReceivedRepeat): Promise<boolean> {
  const { marker } = received;
  if (marker === null) return (await newAttempts(received)).length === 0;
  const standing = await readIfPresent(marker.path);
  if (standing?.toString('utf8') === marker.text) return true;
  for (const folder of await foldersOf(received)) {
    const discarded = await readIfPresent(join(folder, relative(received.runDir, marker.path)));
    if (discarded?.toString('utf8') === marker.text) return true;
  }
  return false;
}

/** The record's attempts that this directory has neither in place nor discarded. */
async function newAttempts(received: ReceivedRepeat): Promise<Attempt[]> {
  const known = new Set((await readAttempts(received)).map(textOf));
  for (const folder of await foldersOf(received)) {
    // A damaged record that was discarded is no reason to stop.
    const discarded = await readAttempts({ ...received, runDir: folder }).catch(() => []);
    for (const attempt of discarded) known.add(textOf(attempt));
  }
  return received.attempts.filter((attempt) => !known.has(textOf(attempt)));
}

/**
 * Another record, a launch of this host's that the session went on without, an attempt of the same number on another
 * host, or a discard that broke off: none of them may be mixed with what comes.
 */
async function isInTheWay(received: ReceivedRepeat): Promise<boolean> {
  const { runDir, namespace, repeat } = received;
  if ((await readIfPresent(runPaths.commitMarker(runDir, namespace, repeat))) !== null) return true;
  const folders = await discardFolders(runDir, namespace);
  if (folders.some((folder) => folder.repeat === repeat && !folder.finished)) return true;
  if ((await unrecordedAttempt(received)) !== null) return true;
  const numbers = new Map(received.attempts.map((attempt) => [attempt.n, textOf(attempt)]));
  const standing = await readAttempts(received);
  return standing.some((attempt) => (numbers.get(attempt.n) ?? textOf(attempt)) !== textOf(attempt));
}

async function setAside(received: ReceivedRepeat): Promise<void> {
  const { runDir, namespace, repeat, stages, host, marker, attempts } = received;
  const attempt = attemptOf(received);
  const content = marker?.text ?? attemptsDocument(received, attempts);
  await discardRepeat({
    runDir,
    namespace,
    repeat,
    stages,
    reason: `attempt ${attempt} on host ${host} takes its place`,
    at: utcTimestamp(new Date()),
    requestedBy: discardedByCalib,
    commandId: `keep-${host}-${attempt}-${sha256Of(content).slice(0, 12)}`,
  });
}

/** The file that makes the record a known one comes last: the marker, or without one the attempts. */
async function write(
  received: ReceivedRepeat,
  { files, label }: { files: DurableFiles; label: string },
): Promise<void> {
  const { ofStages, marker } = received;
  if (ofStages.length > 0) await writeTogether(ofStages, files);
  const attempts = await attemptsFile(received);
  if (marker !== null && attempts !== null) await writeTogether([attempts], files);
  await logOnce(received, label);
  const last = marker ?? attempts;
  if (last !== null) await writeTogether([last], files);
}

/** With the attempts on other hosts that stand here. */
async function attemptsFile(received: ReceivedRepeat): Promise<PlannedFile | null> {
  const { runDir, namespace, repeat, attempts } = received;
  const byNumber = new Map((await readAttempts(received)).map((attempt) => [attempt.n, attempt]));
  for (const attempt of attempts) byNumber.set(attempt.n, attempt);
  if (byNumber.size === 0) return null;
  const path = runPaths.attempts(runDir, namespace, repeat);
  return { path, text: attemptsDocument(received, [...byNumber.values()]) };
}

/** The last line tells that all are there: who writes after a crash must not say them twice. */
async function logOnce(received: ReceivedRepeat, label: string): Promise<void> {
  const { runDir, host, lines, attempts } = received;
  const attempt = attemptOf(received);
  const log = attempts.find(({ n }) => n === attempt)?.log ?? 'not known';
  const final = redactSecrets(
    `${host}: ${label}: attempt ${attempt} is recorded here, its log stays on ${host}: ${log}`,
  );
  const present = (await readIfPresent(runPaths.runLog(runDir)))?.toString('utf8') ?? '';
  if (present.split('\n').some((line) => line.endsWith(` ${final}`))) return;
  await appendRunLog(runDir, [...lines.map((line) => `${host}: ${line}`), final], new Date());
}

/** Number of the attempt that the record is about. */
function attemptOf({ marker, attempts }: ReceivedRepeat): number {
  return marker?.document.attempt ?? attempts.at(-1)?.n ?? 0;
}

async function foldersOf({ runDir, namespace, repeat }: ReceivedRepeat): Promise<string[]> {
  const folders = await discardFolders(runDir, namespace);
  return folders.filter((folder) => folder.repeat === repeat).map(({ path }) => path);
}

function textOf(attempt: Attempt): string {
  return JSON.stringify(attempt);
}
