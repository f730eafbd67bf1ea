import { CalibError } from '../../domain/calib-error.ts';
import { firstIssue, messageOf } from '../../domain/text.ts';
import {
  type Attempt,
  type CommitMarker,
  commitMarkerSchema,
  type Observation,
  observationSchema,
} from '../../domain/observation/observation.ts';
import { sessionCommit, type Plan } from '../../domain/session/session-plan.ts';
import { type RepeatRecord, repeatRecordSchema } from '../../domain/pool/pool.ts';
import { parseDocument, type PlannedFile, sha256Of } from './files.ts';
import { type RepeatPlace, parseAttempts } from './attempts-file.ts';
import { recordKey, recordPaths, refuseTooLarge } from './travel.ts';

/** A repeat's record from another host, every part of it checked against the session's plan. */
export interface ReceivedRepeat extends RepeatPlace {
  host: string;
  /** All stages of the unit. */
  stages: string[];
  /** Observations, pointer files and what was counted in the log; none without a marker. */
  ofStages: PlannedFile[];
  attempts: Attempt[];
  /** Null where no attempt yielded observations. */
  marker: (PlannedFile & { document: CommitMarker }) | null;
  lines: string[];
}

/**
 * Checks what another host says of a repeat before any of it is written: that it is of this session and one of its
 * repeats, that it holds exactly that repeat's files, and that its marker vouches for what it holds.
 *
 * @param runDir the session's run directory, absolute
 * @throws CalibError `refused`, naming host, file and what is wrong with it
 */
export function receiveRepeat(runDir: string, plan: Plan, sent: unknown): ReceivedRepeat {
  const parsed = repeatRecordSchema.safeParse(sent);
  if (!parsed.success) throw refused('a record of another host', firstIssue(parsed.error));
  const record = parsed.data;
  refuseTooLarge(record);
  const { host, namespace, repeat } = record;
  const whose = `the record of ${namespace} repeat ${repeat} from host ${host}`;
  if (record.session_id !== plan.session_id) {
    throw refused(whose, `it is of session ${record.session_id}, not of ${plan.session_id ?? 'this one'}`);
  }
  const unit = (plan.units ?? []).find((each) => each.namespace === namespace);
  if (unit === undefined) throw refused(whose, `the session has no unit ${namespace}`);
  if (repeat > plan.repeats) throw refused(whose, `the session has ${plan.repeats} repeats`);
  const place = { runDir, namespace, repeat };
  const files = placedFiles({ ...place, stages: unit.stages }, record, whose);
  const marker = files.marker === null ? null : markerOf(files.marker, { record, plan, whose });
  checkObservations({ record, plan, whose, stages: unit.stages }, marker);
  return {
    ...place,
    host,
    stages: unit.stages,
    ofStages: files.ofStages,
    attempts: files.attempts === null ? [] : attemptsOf(files.attempts, { record, whose }),
    marker: files.marker === null || marker === null ? null : { ...files.marker, document: marker },
    lines: record.log_lines,
  };
}

interface PlacedFiles {
  ofStages: PlannedFile[];
  attempts: PlannedFile | null;
  marker: PlannedFile | null;
}

/** Only paths that calib itself would write for this repeat: a name from elsewhere is never part of one. */
function placedFiles(
  place: RepeatPlace & { stages: readonly string[] },
  record: RepeatRecord,
  whose: string,
): PlacedFiles {
  const paths = recordPaths(place);
  const find = (path: string): PlannedFile[] => {
    const key = recordKey(place.runDir, path);
    const text = Object.hasOwn(record.files, key) ? record.files[key] : undefined;
    return text === undefined ? [] : [{ path, text }];
  };
  const known = new Set(
    [...paths.ofStages, paths.attempts, paths.evidence, paths.marker].map((path) =>
      recordKey(place.runDir, path),
    ),
  );
  const foreign = Object.keys(record.files).filter((key) => !known.has(key));
  if (foreign.length > 0) {
    const shown = foreign.slice(0, 3).map((key) => JSON.stringify(key.slice(0, 200)));
    throw refused(whose, `it holds ${shown.join(', ')}, which is no file of that repeat`);
  }
  const marker = find(paths.marker)[0] ?? null;
  return {
    ofStages: [...paths.ofStages, ...(marker === null ? [] : [paths.evidence])].flatMap(find),
    attempts: find(paths.attempts)[0] ?? null,
    marker,
  };
}

interface Judged {
  record: RepeatRecord;
  plan: Plan;
  whose: string;
}

function markerOf(file: PlannedFile, { record, plan, whose }: Judged): CommitMarker {
  const marker = parsedOf(file, whose, (bytes) => parseDocument(bytes, commitMarkerSchema));
  const { session_id, namespace, repeat, git_sha } = marker;
  const isOfRepeat =
    session_id === record.session_id && namespace === record.namespace && repeat === record.repeat;
  if (!isOfRepeat)
    throw refused(whose, `its marker is of session ${session_id}, ${namespace}, repeat ${repeat}`);
  if (git_sha === sessionCommit(plan)) return marker;
  throw refused(whose, `its marker is of commit ${git_sha}, the session observes ${sessionCommit(plan)}`);
}

function checkObservations(
  { record, plan, whose, stages }: Judged & { stages: readonly string[] },
  marker: CommitMarker | null,
): void {
  const vouched = marker?.observations ?? {};
  const strange = Object.keys(vouched).filter((stage) => !stages.includes(stage));
  if (strange.length > 0)
    throw refused(whose, `its marker names ${strange.join(', ')}, no stage of the unit`);
  for (const stage of stages) {
    const key = `${stage}/run${record.repeat}.json`;
    const text = record.files[key];
    const hash = vouched[stage];
    if (marker === null) {
      if (text !== undefined) throw refused(whose, `it holds ${key} without a commit marker`);
    } else if (text === undefined || hash === undefined) {
      throw refused(whose, `${key} is not in ${text === undefined ? 'it' : 'its marker'}`);
    } else if (sha256Of(text) !== hash) {
      throw refused(whose, `${key} is not the file that its marker vouches for`);
    } else {
      checkObservation({ record, plan, whose }, { path: key, text });
    }
  }
}

function checkObservation({ record, plan, whose }: Judged, file: PlannedFile): void {
  const observation: Observation = parsedOf(file, whose, (bytes) => parseDocument(bytes, observationSchema));
  const expected: [keyof Observation, string | undefined][] = [
    ['session_id', record.session_id],
    ['namespace', record.namespace],
    ['host', record.host],
    ['git_sha', sessionCommit(plan)],
    ['tree_fingerprint', plan.tree_fingerprint],
  ];
  for (const [field, value] of expected) {
    if (observation[field] === value) continue;
    throw refused(whose, `${file.path} says ${field} ${String(observation[field])}, not ${value ?? 'none'}`);
  }
}

function attemptsOf(file: PlannedFile, { record, whose }: Omit<Judged, 'plan'>): Attempt[] {
  const { namespace, repeat, attempts } = parsedOf(file, whose, parseAttempts);
  if (namespace === record.namespace && repeat === record.repeat) return attempts;
  throw refused(whose, `its attempts are of ${namespace}, repeat ${repeat}`);
}

function parsedOf<T>(file: PlannedFile, whose: string, parse: (bytes: Buffer) => T): T {
  try {
    return parse(Buffer.from(file.text));
  } catch (cause) {
    throw refused(whose, `${file.path}: ${messageOf(cause)}`, cause);
  }
}

function refused(whose: string, what: string, cause?: unknown): CalibError {
  return new CalibError('refused', `${whose} is not taken: ${what}`, {
    remedy: 'run the same version of calib on all hosts of the pool, then resume: the repeat is run again',
    cause,
  });
}
