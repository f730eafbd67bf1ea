import { relative, sep } from 'node:path';

import { z } from 'zod';

import { CalibError } from '../../domain/calib-error.ts';
import type { EvidencePattern } from '../../domain/evidence/log-evidence.ts';
import { type RepeatRecord, repeatRecordLimit } from '../../domain/pool/pool.ts';
import { redactSecrets } from '../../domain/secrets/redact-secrets.ts';
import type { RepeatPlace } from './attempts-file.ts';
import { parseDocument, readIfPresent, writeJsonAtomic } from './files.ts';
import { countLogEvidence, logEvidenceDocument } from './logs/log-evidence.ts';
import { runPaths } from './paths.ts';

const dispatchSchema = z.object({
  schema: z.literal('calib.dispatch/1'),
  /** The session's number of it; null: of one that the session does not wait for any more. */
  dispatch: z.number().int().nullable(),
});

/**
 * The dispatch that a repeat's files on another host of a pool are of; null where none is recorded or none is waited
 * for.
 * A damaged record is none: the files are then discarded rather than taken for an answer.
 */
export async function readDispatch(place: RepeatPlace): Promise<number | null> {
  const bytes = await readIfPresent(runPaths.dispatch(place.runDir, place.namespace, place.repeat));
  if (bytes === null) return null;
  try {
    return parseDocument(bytes, dispatchSchema).dispatch;
  } catch {
    return null;
  }
}

/** @throws CalibError when the file system refuses */
export async function writeDispatch(place: RepeatPlace, dispatch: number | null): Promise<void> {
  const path = runPaths.dispatch(place.runDir, place.namespace, place.repeat);
  await writeJsonAtomic(path, { schema: 'calib.dispatch/1', dispatch });
}

/** Lines that travel at most; all of them stay in the host's own `run.log`. */
const mostLines = 200;

export interface RepeatPacking extends RepeatPlace {
  sessionId: string;
  /** The machine that it ran on. */
  host: string;
  /** All stages of the unit. */
  stages: readonly string[];
  /** What is to be counted in its log, which stays here. */
  patterns: readonly EvidencePattern[];
  /** Lines of its run, oldest first, without their times. */
  lines: readonly string[];
}

/**
 * What a repeat left in the directory of another host of a pool, for the session's run directory: its records byte for
 * byte, observations only where a commit marker vouches for them. Null where it left none.
 *
 * @throws CalibError when a file cannot be read, or when all of it is more than may travel
 */
export async function packRepeat(packing: RepeatPacking): Promise<RepeatRecord | null> {
  const { runDir, namespace, repeat, sessionId, host, lines } = packing;
  const paths = recordPaths(packing);
  const isCommitted = (await readIfPresent(paths.marker)) !== null;
  const wanted = isCommitted ? [...paths.ofStages, paths.attempts, paths.marker] : [paths.attempts];
  const files: Record<string, string> = {};
  for (const path of wanted) {
    const bytes = await readIfPresent(path);
    if (bytes !== null) files[recordKey(runDir, path)] = bytes.toString('utf8');
  }
  if (Object.keys(files).length === 0) return null;
  if (isCommitted && packing.patterns.length > 0) {
    const counts = await countLogEvidence(packing, packing.patterns);
    if (counts !== null)
      files[recordKey(runDir, paths.evidence)] = logEvidenceDocument(packing.patterns, counts);
  }
  const record: RepeatRecord = {
    schema: 'calib.repeat-record/1',
    session_id: sessionId,
    host,
    run_dir: runDir,
    namespace,
    repeat,
    files,
    log_lines: newestLines(lines, runPaths.runLog(runDir)),
  };
  refuseTooLarge(record);
  return record;
}

/** Where the records of a repeat lie, absolute. */
export function recordPaths({
  runDir,
  namespace,
  repeat,
  stages,
}: RepeatPlace & { stages: readonly string[] }): {
  /** Observations and pointer files. */
  ofStages: string[];
  attempts: string;
  evidence: string;
  marker: string;
} {
  return {
    ofStages: stages.flatMap((stage) => [
      runPaths.observation(runDir, stage, repeat),
      runPaths.stageLog(runDir, stage, repeat),
    ]),
    attempts: runPaths.attempts(runDir, namespace, repeat),
    evidence: runPaths.evidence(runDir, namespace, repeat),
    marker: runPaths.commitMarker(runDir, namespace, repeat),
  };
}

/** A path as the records' `files` name it. */
export function recordKey(runDir: string, path: string): string {
  return relative(runDir, path).split(sep).join('/');
}

/** @throws CalibError naming the repeat and how large it is */
export function refuseTooLarge(record: RepeatRecord): void {
  const size = Buffer.byteLength(JSON.stringify(record));
  if (size <= repeatRecordLimit) return;
  throw new CalibError(
    'refused',
    `the record of ${record.namespace} repeat ${record.repeat} is too large to travel: ${size} bytes, at most ${repeatRecordLimit}`,
    { remedy: `look at what makes its files below ${record.run_dir} so large, or run it on the home host` },
  );
}

function newestLines(lines: readonly string[], runLog: string): string[] {
  const safe = lines.map(redactSecrets);
  if (safe.length <= mostLines) return safe;
  return [
    `… ${safe.length - mostLines + 1} earlier lines are in ${runLog}`,
    ...safe.slice(safe.length - mostLines + 1),
  ];
}
