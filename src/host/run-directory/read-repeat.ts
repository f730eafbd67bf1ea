import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import {
  type CellFile,
  classifyStrict,
  incompleteReason,
  type Integrity,
  type StrictCell,
} from '../../domain/audit/strict.ts';
import {
  commitMarkerSchema,
  type Observation,
  observationSchema,
} from '../../domain/observation/observation.ts';
import { parseResultJson } from '../../domain/observation/parse-result-json.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { firstIssue, messageOf } from '../../domain/text.ts';
import { unrecordedAttempt } from './attempt-numbers.ts';
import type { RepeatPlace } from './attempts-file.ts';
import { discardFolders } from './discard-repeat.ts';
import { isAbsent, sha256Of } from './files.ts';
import { runPaths } from './paths.ts';

/** As on disk: v0.6.0 records NaN as a metric, and the strict rules want to name it rather than lose the file. */
const recordedObservationSchema = observationSchema.extend({
  metrics: z.record(
    z.string(),
    z.custom<number | null>((value) => value === null || typeof value === 'number', 'not a number'),
  ),
});

export interface ReadCellOptions {
  runDir: string;
  stage: string;
  /** k, from 1. */
  repeat: number;
  /** The unit that feeds the stage, by the plan; absent: the one that the record itself names. */
  unit?: string | undefined;
  /**
   * `required` in a directory that calib made or adopted: there every record that counts has a commit marker, so a file
   * without one is not taken for the original tool's. Default `optional`.
   */
  markers?: 'required' | 'optional' | undefined;
}

/** What stands on disk for stage × k. Never throws: whatever cannot be read is a corrupt cell that says why. */
export async function readCell(options: ReadCellOptions): Promise<CellFile> {
  const first = await readOnce(options);
  // A repeat that is being committed at this moment shows its new file beside the old marker: look once more.
  const unsettled = first.kind === 'corrupt' || (first.kind === 'recorded' && first.integrity === 'edited');
  return unsettled ? await readOnce(options) : first;
}

async function readOnce(options: ReadCellOptions): Promise<CellFile> {
  const { runDir, stage, repeat } = options;
  let bytes: Buffer;
  try {
    bytes = await readFile(runPaths.observation(runDir, stage, repeat));
  } catch (error) {
    return isAbsent(error) ? { kind: 'missing' } : { kind: 'corrupt', error: messageOf(error) };
  }
  const document = parseResultJson(bytes.toString('utf8'));
  if (!document.ok) {
    return { kind: 'corrupt', error: document.reason };
  }
  const parsed = recordedObservationSchema.safeParse(document.value);
  if (!parsed.success) {
    return { kind: 'corrupt', error: firstIssue(parsed.error) };
  }
  const observation: Observation = parsed.data;
  const integrity = await integrityOf({ ...options, bytes, observation });
  return { kind: 'recorded', observation, integrity };
}

interface IntegrityOptions extends ReadCellOptions {
  bytes: Buffer;
  observation: Observation;
}

/**
 * Compares an observation's bytes with its unit's commit marker. The original tool's records have none until
 * calib adopts their directory.
 */
async function integrityOf(options: IntegrityOptions): Promise<Integrity> {
  const { bytes, observation } = options;
  const namespace = options.unit ?? observation.namespace;
  const committed = namespace === undefined ? null : await committedHash({ ...options, namespace });
  if (committed === null) {
    const legacy = observation.namespace === undefined && options.markers !== 'required';
    return legacy ? 'legacy' : 'uncommitted';
  }
  return committed === sha256Of(bytes) ? 'committed' : 'edited';
}

async function committedHash(options: ReadCellOptions & { namespace: string }): Promise<string | null> {
  try {
    const text = await readFile(
      runPaths.commitMarker(options.runDir, options.namespace, options.repeat),
      'utf8',
    );
    return commitMarkerSchema.parse(JSON.parse(text)).observations[options.stage] ?? null;
  } catch {
    // No marker, or none that could be read: either way nothing vouches for the observation.
    return null;
  }
}

/** What stands on disk for a whole (unit, repeat). */
export type RecordedRepeat =
  /** No stage has a record, or only drafts of a launch whose recording broke off and is to be done again. */
  | { kind: 'none' }
  /** Every stage is ✓, of one invocation, on this commit: nothing to run. */
  | {
      kind: 'valid';
      observations: Record<string, Observation>;
      cells: Record<string, StrictCell>;
      /** True for the original tool's records, which have no commit marker. */
      legacy: boolean;
    }
  /** Something is there that does not count: discard the whole repeat before running it again. */
  | { kind: 'invalid'; reason: string; cells: Record<string, StrictCell> };

export interface CommittedRepeatQuestion extends RepeatPlace {
  /** Of the unit. */
  stages: readonly StageDefinition[];
  commit: string;
  /** The session's; records that name another are invalid. */
  session_id?: string | undefined;
  tree_fingerprint?: string | undefined;
  /** See `ReadCellOptions`. */
  markers?: 'required' | 'optional' | undefined;
}

/**
 * Whether a (unit, repeat) is recorded validly for `commit`: all stages of the unit together,
 * committed or the original tool's, strict ✓, with the commit's full hash, and of this session and work tree.
 */
export async function readCommittedRepeat(place: CommittedRepeatQuestion): Promise<RecordedRepeat> {
  const files: { stage: StageDefinition; file: CellFile }[] = [];
  for (const stage of place.stages) {
    const { runDir, repeat, namespace, markers } = place;
    const file = await readCell({ runDir, stage: stage.key, repeat, unit: namespace, markers });
    files.push({ stage, file });
  }
  const interrupted = await hasInterruptedDiscard(place);
  if (!interrupted && (await isUnrecorded(place, files))) return { kind: 'none' };
  const cells: Record<string, StrictCell> = {};
  const reasons: string[] = interrupted ? ['its discard was interrupted'] : [];
  for (const { stage, file } of files) {
    const cell = classifyStrict(stage, file);
    cells[stage.key] = cell;
    const { commit, session_id, tree_fingerprint } = place;
    const reason = incompleteReason({ stage, file, commit, session_id, tree_fingerprint }) ?? cell.reason;
    if (reason !== '') reasons.push(`${stage.key}: ${reason}`);
  }
  const recorded = files.flatMap(({ stage, file }) =>
    file.kind === 'recorded' ? [{ key: stage.key, ...file }] : [],
  );
  if (reasons.length === 0) reasons.push(...mixedReasons(recorded, place.namespace));
  if (reasons.length > 0) return { kind: 'invalid', reason: reasons.join('; '), cells };
  const observations = Object.fromEntries(recorded.map(({ key, observation }) => [key, observation]));
  return { kind: 'valid', observations, cells, legacy: recorded[0]?.integrity === 'legacy' };
}

/** GPU hours are in a launch that has ended but is not recorded: its drafts are completed, not thrown away. */
async function isUnrecorded(
  place: CommittedRepeatQuestion,
  files: readonly { file: CellFile }[],
): Promise<boolean> {
  const present = files.flatMap(({ file }) => (file.kind === 'missing' ? [] : [file]));
  if (present.length === 0) return true;
  const session = place.session_id;
  const drafts = present.every(
    (file) =>
      file.kind === 'recorded' &&
      file.integrity === 'uncommitted' &&
      (session === undefined || file.observation.session_id === session),
  );
  return drafts && (await unrecordedAttempt(place)) !== null;
}

/** Logs and attempts may still stand where a discard broke off, even if no record does. */
async function hasInterruptedDiscard({ runDir, namespace, repeat }: RepeatPlace): Promise<boolean> {
  const folders = await discardFolders(runDir, namespace);
  return folders.some((folder) => folder.repeat === repeat && !folder.finished);
}

/** Records that are each good but were not made by one pytest invocation of this unit. */
function mixedReasons(
  recorded: readonly (Extract<CellFile, { kind: 'recorded' }> & { key: string })[],
  namespace: string,
): string[] {
  const stranger = recorded.find(({ observation }) => (observation.namespace ?? namespace) !== namespace);
  if (stranger !== undefined) return [`${stranger.key}: recorded by another unit`];
  // One invocation has one wall time: the original tool's resume of single stages is recognised by it.
  const kinds = new Set(recorded.map(({ integrity }) => integrity));
  const times = new Set(recorded.map(({ observation }) => observation.duration_s));
  return kinds.size > 1 || times.size > 1 ? ['stages were recorded by different invocations'] : [];
}
