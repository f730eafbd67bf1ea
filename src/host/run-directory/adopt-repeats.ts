import { randomUUID } from 'node:crypto';

import type { Plan, Unit } from '../../domain/session/session-plan.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { namesIn, readIfPresent, sha256Of, writeJsonAtomic } from './files.ts';
import { unrecordedAttempt } from './attempt-numbers.ts';
import { type RepeatPlace, readAttempts } from './attempts-file.ts';
import { readCommitMarker } from './commit-repeat.ts';
import { discardRepeat } from './discard-repeat.ts';
import { runPaths } from './paths.ts';
import { type RecordedRepeat, readCommittedRepeat } from './read-repeat.ts';

export interface RepeatAdoption {
  /** Absolute. */
  runDir: string;
  /** `plan.json` as the directory has it, before anything of calib's is added to it. */
  recorded: Pick<Plan, 'session_id'>;
  /** What the session observes and by which units it does so. */
  session: {
    session_id: string;
    git_sha: string;
    tree_fingerprint: string;
    repeats: number;
    units: readonly Unit[];
  };
  /** Every planned stage. */
  stages: readonly StageDefinition[];
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  at: string;
}

/** What became of the repeats that an adopted directory held. */
export interface AdoptedRepeats {
  /** Valid (unit, repeat) pairs, which are not run again. */
  kept: number;
  /** One line per (unit, repeat) that was discarded: which and why. */
  setAside: string[];
}

/**
 * Goes through every (unit, repeat) of a directory that is continued: valid ones stay, and those of the
 * original tool get a commit marker, so that a later change of theirs is noticed; everything else that is recorded is
 * discarded as a whole. A launch that may still be running or has ended unrecorded stays, to be adopted by its repeat.
 * Nothing is deleted or overwritten, and a second call finds nothing left to do.
 *
 * @throws CalibError when the file system refuses
 */
export async function adoptRepeats(adoption: RepeatAdoption): Promise<AdoptedRepeats> {
  const adopted: AdoptedRepeats = { kept: 0, setAside: [] };
  for (const unit of adoption.session.units) {
    for (let repeat = 1; repeat <= adoption.session.repeats; repeat += 1) {
      const place = { runDir: adoption.runDir, namespace: unit.namespace, repeat };
      const reason = await adoptRepeat(adoption, unit, place);
      if (reason === null) adopted.kept += 1;
      else if (reason !== '') adopted.setAside.push(`${unit.namespace} repeat ${repeat}: ${reason}`);
    }
  }
  return adopted;
}

/** Null when the repeat is valid, empty when there is nothing of it, else why it was discarded. */
async function adoptRepeat(adoption: RepeatAdoption, unit: Unit, place: RepeatPlace): Promise<string | null> {
  const { session, stages, at } = adoption;
  const found = await readCommittedRepeat({
    ...place,
    stages: unit.stages.flatMap((key) => stages.filter((stage) => stage.key === key)),
    commit: session.git_sha,
    session_id: session.session_id,
    tree_fingerprint: session.tree_fingerprint,
    // Only the original tool's directories hold records without a marker.
    markers: adoption.recorded.session_id === undefined ? 'optional' : 'required',
  });
  if (found.kind === 'valid') {
    if (found.legacy) await markAdopted(adoption, place, found);
    return null;
  }
  const reason = found.kind === 'invalid' ? found.reason : await leftOver(place);
  if (reason === '') return '';
  await discardRepeat({
    ...place,
    stages: unit.stages,
    reason,
    at,
    requestedBy: 'calib',
    commandId: randomUUID(),
  });
  return reason;
}

/** Why files of a repeat without a record are in the way of a new launch; empty when none are. */
async function leftOver(place: RepeatPlace): Promise<string> {
  if ((await unrecordedAttempt(place)) !== null) return '';
  const names = await namesIn(runPaths.unit(place.runDir, place.namespace));
  const standing = names.some(
    (name) => name.startsWith(`run${place.repeat}.`) || name === `basetemp_run${place.repeat}`,
  );
  if (!standing) return '';
  const attempts = await readAttempts(place);
  return attempts.length === 0
    ? 'left by an interrupted run without a record'
    : `${attempts.length} attempt(s) of the interrupted session without a result`;
}

/** Vouches for the original tool's records as they are found, without touching them. */
async function markAdopted(
  { session, at }: RepeatAdoption,
  place: RepeatPlace,
  found: Extract<RecordedRepeat, { kind: 'valid' }>,
): Promise<void> {
  if ((await readCommitMarker(place)) !== null) return;
  const observations: Record<string, string> = {};
  for (const stage of Object.keys(found.observations)) {
    const bytes = await readIfPresent(runPaths.observation(place.runDir, stage, place.repeat));
    observations[stage] = sha256Of(bytes ?? '');
  }
  const launches = Object.values(found.observations).map(({ attempts }) => attempts ?? 1);
  await writeJsonAtomic(runPaths.commitMarker(place.runDir, place.namespace, place.repeat), {
    schema: 'calib.repeat/1',
    session_id: session.session_id,
    namespace: place.namespace,
    repeat: place.repeat,
    attempt: Math.max(1, ...launches),
    git_sha: session.git_sha,
    committed_at: at,
    observations,
  });
}
