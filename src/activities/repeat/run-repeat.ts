import { randomUUID } from 'node:crypto';

import { utcTimestamp } from '../../domain/text.ts';
import { policiesSchema } from '../../domain/session/session-plan.ts';
import type { RepeatOutcome } from '../../domain/session/session-state.ts';
import { appendAttempt } from '../../host/run-directory/attempts-file.ts';
import { unrecordedAttempt } from '../../host/run-directory/attempt-numbers.ts';
import { readCommitMarker } from '../../host/run-directory/commit-repeat.ts';
import { discardFolders, discardRepeat } from '../../host/run-directory/discard-repeat.ts';
import { packRepeat } from '../../host/run-directory/travel.ts';
import { readCell, readCommittedRepeat, type RecordedRepeat } from '../../host/run-directory/read-repeat.ts';
import {
  type ActivityDependencies,
  defaultTiming,
  readSessionFiles,
  type Repeat,
  RepeatHeartbeats,
  unitOf,
} from './repeat.ts';
import type { PooledOutcome, RunRepeatInput } from '../activity-types.ts';
import { adoptAttempt } from './adopt-after-worker-death.ts';
import { discardedByCalib, readSpentAttempts } from './attempt.ts';
import { claimRepeat } from './claim-repeat.ts';
import { launchAttempt } from '../launch/launch.ts';
import { haltOnMove, movedCommit } from './moved-commit.ts';
import { reExtract } from './re-extract.ts';
import { recordNoLane, recordRepeat } from './record-repeat.ts';
import { smokeRepeat } from './smoke-repeat.ts';
import { discardOlderDispatch } from '../pool/mirror.ts';

/**
 * Owns one repeat: adopts a run that goes on or launches one, follows it to its end, and commits what it yielded.
 *
 * @throws ApplicationFailure: `InfraFailure` and `RepeatBusy` are retryable.
 */
export async function runRepeat(input: RunRepeatInput, deps: ActivityDependencies): Promise<PooledOutcome> {
  const timing = { ...defaultTiming, ...deps.timing };
  const claim = await claimRepeat(input, timing.busyRetryMs);
  const heartbeats = new RepeatHeartbeats(timing.heartbeatEveryMs);
  try {
    const files = await readSessionFiles(input.run_dir);
    const unit = unitOf(files.plan, input.namespace);
    const repeat: Repeat = {
      input,
      deps,
      files,
      unit,
      stages: unit.stages.flatMap((key) => files.stages.filter((stage) => stage.key === key)),
      policies: policiesSchema.parse(files.plan.policies ?? {}),
      timing,
      place: { runDir: input.run_dir, namespace: input.namespace, repeat: input.repeat },
      label: {
        namespace: unit.namespace,
        repeat: input.repeat,
        repeats: files.plan.repeats,
        stageCount: unit.stages.length,
        gpus: unit.gpus,
      },
      heartbeats,
      runNames: claim.runNames,
      said: [],
      purpose: files.plan.purpose ?? 'calibration',
    };
    await discardOlderDispatch(repeat);
    if (repeat.purpose === 'smoke') return await smokeRepeat(repeat);
    return await withRecord(repeat, await runClaimed(repeat));
  } finally {
    heartbeats.stop();
    await claim.release();
  }
}

/** On another host of a pool its records travel along: the run directory is not here. */
async function withRecord(repeat: Repeat, outcome: RepeatOutcome): Promise<PooledOutcome> {
  const { files, place, unit, deps, said } = repeat;
  if (files.plan.mirror_of === undefined) return outcome;
  const record = await packRepeat({
    ...place,
    sessionId: files.plan.session_id,
    host: deps.hostname,
    stages: unit.stages,
    patterns: files.plan.evidence ?? [],
    lines: said,
  });
  return record === null ? outcome : { ...outcome, record };
}

async function runClaimed(repeat: Repeat): Promise<RepeatOutcome> {
  const { place, files, input } = repeat;
  const { git_sha, session_id, tree_fingerprint } = files.plan;
  const recorded = await readCommittedRepeat({
    ...place,
    stages: repeat.stages,
    commit: git_sha ?? '',
    session_id,
    tree_fingerprint,
    markers: 'required',
  });
  if (recorded.kind === 'valid') {
    return { kind: 'complete', cells: recorded.cells, launches: 0, duration_s: 0, lane: null };
  }
  if (await isDiscardInterrupted(repeat)) await setAside(repeat, 'its discard was interrupted');
  const pending = await pendingAttempt(repeat);
  if (pending !== null) {
    const ended = await adoptAttempt(repeat, pending);
    if (ended !== null) return withEveryCell(repeat, await recordRepeat(repeat, ended));
  }
  const moved = await movedCommit(repeat);
  if (moved !== null) return haltOnMove(repeat, { text: moved, launches: 0, duration_s: 0, lane: null });
  if (input.reextract) {
    const outcome = await reExtract(repeat);
    if (outcome !== null) return outcome;
  }
  await discardInvalid(repeat, recorded);
  return withEveryCell(repeat, await launch(repeat));
}

/** What stood before the launch was discarded: stages that it left no record of are as if never run. */
function withEveryCell({ stages }: Repeat, outcome: RepeatOutcome): RepeatOutcome {
  const notRun = stages.map(({ key }) => [key, { symbol: '—', reason: 'missing file' }] as const);
  return { ...outcome, cells: { ...Object.fromEntries(notRun), ...outcome.cells } };
}

async function launch(repeat: Repeat): Promise<RepeatOutcome> {
  const startedAt = utcTimestamp(new Date());
  const spent = await readSpentAttempts(repeat);
  const launched = await launchAttempt(repeat, spent.length === 0);
  return launched.kind === 'ended'
    ? await recordRepeat(repeat, launched.ended)
    : await recordNoLane(repeat, { ...launched, startedAt });
}

/**
 * The launch whose end is still to be recorded. Not one whose observations are committed already: a worker that died
 * right then left nothing to do but the record of the attempt, which its observations hold as well.
 */
async function pendingAttempt({ place }: Repeat): Promise<number | null> {
  const attempt = await unrecordedAttempt(place);
  if (attempt === null) return null;
  const marker = await readCommitMarker(place);
  return marker?.attempt === attempt ? null : attempt;
}

async function isDiscardInterrupted({ place }: Repeat): Promise<boolean> {
  const folders = await discardFolders(place.runDir, place.namespace);
  return folders.some(({ repeat, finished }) => repeat === place.repeat && !finished);
}

async function discardInvalid(repeat: Repeat, recorded: RecordedRepeat): Promise<void> {
  if (recorded.kind !== 'invalid') return;
  await completeAttempts(repeat);
  await setAside(repeat, recorded.reason);
}

/** A worker that died between commit and record left the attempt in its observations alone: it counts all the same. */
async function completeAttempts({ place, stages }: Repeat): Promise<void> {
  const attempt = await unrecordedAttempt(place);
  const [stage] = stages;
  if (attempt === null || stage === undefined) return;
  const cell = await readCell({ runDir: place.runDir, stage: stage.key, repeat: place.repeat });
  if (cell.kind !== 'recorded' || cell.integrity !== 'committed') return;
  const last = cell.observation.attempt_history?.at(-1);
  if (last?.n === attempt) await appendAttempt(place, last);
}

async function setAside({ place, unit }: Repeat, reason: string): Promise<void> {
  await discardRepeat({
    ...place,
    stages: unit.stages,
    reason,
    at: utcTimestamp(new Date()),
    requestedBy: discardedByCalib,
    commandId: randomUUID(),
  });
}
