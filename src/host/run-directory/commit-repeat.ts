import { CalibError } from '../../domain/calib-error.ts';
import {
  type CommitMarker,
  commitMarkerSchema,
  type Observation,
  observationSchema,
} from '../../domain/observation/observation.ts';
import { messageOf } from '../../domain/text.ts';
import type { RepeatPlace } from './attempts-file.ts';
import {
  type DurableFiles,
  durableFiles,
  jsonDocument,
  parseDocument,
  type PlannedFile,
  readIfPresent,
  sha256Of,
  writeTogether,
} from './files.ts';
import { runPaths } from './paths.ts';

/**
 * The commit marker of a (unit, repeat), or null when nothing was committed.
 *
 * @throws CalibError when the file is there but not a `calib.repeat/1` document.
 */
export async function readCommitMarker(place: RepeatPlace): Promise<CommitMarker | null> {
  const path = runPaths.commitMarker(place.runDir, place.namespace, place.repeat);
  const bytes = await readIfPresent(path);
  if (bytes === null) return null;
  try {
    return parseDocument(bytes, commitMarkerSchema);
  } catch (cause) {
    throw new CalibError('not-ready', `${path} is not a calib.repeat/1 document: ${messageOf(cause)}`, {
      remedy: `purge this repeat (${place.namespace}, ${place.repeat}); its files are kept in _discarded/`,
      cause,
    });
  }
}

export interface RepeatCommit extends RepeatPlace {
  sessionId: string;
  /** Number of the attempt that yielded the observations. */
  attempt: number;
  gitSha: string;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  committedAt: string;
  /** Repository-relative path of the test, for the pointer file. */
  test: string;
  /** Absolute path of pytest's log, for the pointer file. */
  log: string;
  /** One per stage of the unit, by stage key. */
  observations: Readonly<Record<string, Observation>>;
}

export interface CommitResult {
  /** `already`: the same observations were committed before, nothing was written. */
  kind: 'committed' | 'already';
  marker: CommitMarker;
}

/**
 * Commits the observations of all stages of one repeat as one unit: every `run{k}.json` and pointer file
 * is written beside its place and fsynced, then all are renamed, then the marker. A crash at any step leaves files that
 * no marker covers, which readers ignore; calling again completes the commit. Drafts of this session are replaced, what
 * was committed never is.
 *
 * @throws CalibError `refused` when another commit, or an observation of another session, stands in the way.
 * @throws CalibError `not-ready` when the file system refuses a write.
 */
export async function commitRepeat(
  commit: RepeatCommit,
  files: DurableFiles = durableFiles,
): Promise<CommitResult> {
  const planned = observationFiles(commit);
  const marker = markerOf(commit, planned);
  const existing = await readCommitMarker(commit);
  if (existing !== null) {
    if (isSameCommit(existing, marker)) return { kind: 'already', marker: existing };
    throw inTheWay(commit, `attempt ${existing.attempt} of session ${existing.session_id} is committed`);
  }
  for (const { path } of planned) await refuseForeign(commit, path);
  const markerPath = runPaths.commitMarker(commit.runDir, commit.namespace, commit.repeat);
  await writeTogether([...planned, ...pointerFiles(commit)], files);
  await writeTogether([{ path: markerPath, text: jsonDocument(marker) }], files);
  return { kind: 'committed', marker };
}

function observationFiles(commit: RepeatCommit): (PlannedFile & { stage: string })[] {
  return Object.entries(commit.observations).map(([stage, observation]) => ({
    stage,
    path: runPaths.observation(commit.runDir, stage, commit.repeat),
    text: jsonDocument(observation),
  }));
}

/** `<stage>/run{k}.log`: whose shared log this is, where it lies, and the base temp. */
function pointerFiles(commit: RepeatCommit): PlannedFile[] {
  const baseTemp = runPaths.baseTemp(commit.runDir, commit.namespace, commit.repeat);
  const text = `# shared pytest log of ${commit.test}\n# ${commit.log}\n# basetemp: ${baseTemp}\n`;
  return Object.keys(commit.observations).map((stage) => ({
    path: runPaths.stageLog(commit.runDir, stage, commit.repeat),
    text,
  }));
}

function markerOf(commit: RepeatCommit, planned: readonly (PlannedFile & { stage: string })[]): CommitMarker {
  return {
    schema: 'calib.repeat/1',
    session_id: commit.sessionId,
    namespace: commit.namespace,
    repeat: commit.repeat,
    attempt: commit.attempt,
    git_sha: commit.gitSha,
    committed_at: commit.committedAt,
    observations: Object.fromEntries(planned.map(({ stage, text }) => [stage, sha256Of(text)])),
  };
}

function isSameCommit(existing: CommitMarker, wanted: CommitMarker): boolean {
  const identity = ({ session_id, attempt, git_sha, observations }: CommitMarker): string =>
    JSON.stringify([
      session_id,
      attempt,
      git_sha,
      Object.entries(observations).sort(([a], [b]) => (a < b ? -1 : 1)),
    ]);
  return identity(existing) === identity(wanted);
}

/** An observation of another session (or of the original tool) is evidence, not a draft. */
async function refuseForeign(commit: RepeatCommit, path: string): Promise<void> {
  const bytes = await readIfPresent(path);
  if (bytes === null) return;
  const draft = draftOf(bytes.toString('utf8'));
  if (draft?.session_id === commit.sessionId) return;
  throw inTheWay(commit, `${path} is not of session ${commit.sessionId}`);
}

function draftOf(text: string): Observation | null {
  try {
    return observationSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function inTheWay(commit: RepeatCommit, what: string): CalibError {
  return new CalibError('refused', `cannot record ${commit.namespace} repeat ${commit.repeat}: ${what}`, {
    remedy: 'purge that repeat first; nothing recorded is ever overwritten',
  });
}
