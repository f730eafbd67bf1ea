import type { StageExtraction } from '../../domain/observation/extract-metrics.ts';
import { extractionLines, stageLine } from '../../domain/observation/milestones.ts';
import { endReason } from '../../domain/observation/observation.ts';
import { smokeSeen } from '../../domain/session/smoke.ts';
import type { RepeatOutcome } from '../../domain/session/session-state.ts';
import { counted, messageOf, utcTimestamp } from '../../domain/text.ts';
import { describeObserved } from '../../host/observer/read-observed.ts';
import { unrecordedAttempt } from '../../host/run-directory/attempt-numbers.ts';
import { appendAttempt } from '../../host/run-directory/attempts-file.ts';
import { writeJsonAtomic } from '../../host/run-directory/files.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import { readSmoke, type SmokeDocument, writeSmoke } from '../../host/run-directory/smoke-file.ts';
import { adoptAttempt } from './adopt-after-worker-death.ts';
import { attemptOf, classifyEnded } from './attempt.ts';
import { launchAttempt } from '../launch/launch.ts';
import { haltOnMove, movedCommit } from './moved-commit.ts';
import { judgeEnded, recordNoLane } from './record-repeat.ts';
import type { Ended, Repeat } from './repeat.ts';

/**
 * The one launch of a unit in a smoke: adopts it if it goes on, launches it if it never was, and says what it saw. Nothing
 * is committed as an observation, and whatever it saw, no second pytest is started.
 *
 * @throws ApplicationFailure `RepeatBusy`, retryable, while other runs of calib's have the lanes
 */
export async function smokeRepeat(repeat: Repeat): Promise<RepeatOutcome> {
  const { place } = repeat;
  const before = await readSmoke(place);
  if (before !== null) return outcomeOf(before, 0);
  const pending = await unrecordedAttempt(place);
  const adopted = pending === null ? null : await adoptAttempt(repeat, pending);
  if (adopted !== null) return await recordSmoke(repeat, adopted);
  const moved = await movedCommit(repeat);
  if (moved !== null) return haltOnMove(repeat, { text: moved, launches: 0, duration_s: 0, lane: null });
  const startedAt = utcTimestamp(new Date());
  const launched = await launchAttempt(repeat, true);
  return launched.kind === 'ended'
    ? await recordSmoke(repeat, launched.ended)
    : await recordNoLane(repeat, { ...launched, startedAt });
}

async function recordSmoke(repeat: Repeat, ended: Ended): Promise<RepeatOutcome> {
  const { place, files, stages } = repeat;
  const now = utcTimestamp(new Date());
  const classified = classifyEnded(ended);
  const first = attemptOf(repeat, ended, { classified, now });
  const { end, extractions, judged } = await judgeEnded(repeat, { ended, classified, first, spent: [] });
  const observed = await keepObserved(repeat, { ended, extractions, now });
  const isEnd = end.outcome === 'ok' || end.outcome === 'assertion';
  const verdict = judged.verdict.kind === 'halt' ? [judged.verdict.cause.text] : [];
  const seen = smokeSeen(isEnd && judged.verdict.kind === 'complete', [
    `pytest ${end.outcome === 'ok' ? 'passed' : `ended: ${endReason(end)}`} after ${first.duration_s.toFixed(0)} s on lane ${first.lane ?? '?'}`,
    ...verdict,
    ...observed,
    ...stages.flatMap((stage) => {
      const extraction = extractions[stage.key];
      const status = judged.statuses[stage.key];
      if (extraction === undefined || status === undefined) return [];
      return [stageLine(stage, { extraction, status, end })];
    }),
    ...extractionLines(extractions),
  ]);
  const document: SmokeDocument = {
    schema: 'calib.smoke/1',
    session_id: files.plan.session_id ?? '',
    namespace: place.namespace,
    at: now,
    ...seen,
    duration_s: first.duration_s,
    lane: first.lane ?? null,
  };
  // First of all: a worker that dies behind it launches nothing again.
  await writeSmoke(place, document);
  await appendAttempt(place, { ...first, finding: 'a smoke: nothing is recorded as a calibration' });
  return outcomeOf(document, 1);
}

/** Keeps what the observer saw, before the smoke counts as done; it only adds knowledge, so nothing fails for it. */
async function keepObserved(
  { place, files }: Repeat,
  launch: { ended: Ended; extractions: Readonly<Record<string, StageExtraction>>; now: string },
): Promise<string[]> {
  const { plan } = files;
  const metrics = Object.entries(launch.extractions).flatMap(([stage, { metrics: measured }]) =>
    Object.entries(measured).flatMap(([metric, value]): [string, number][] =>
      value === null || !Number.isFinite(value) ? [] : [[`${stage}.${metric}`, value]],
    ),
  );
  try {
    const document = await describeObserved({
      launchDir: launch.ended.launch.launchDir,
      repoRoot: plan.repo_root,
      facts: {
        model: plan.model,
        git_sha: plan.git_sha ?? '',
        namespace: place.namespace,
        at: launch.now,
        metrics: Object.fromEntries(metrics),
      },
    });
    if (document === null) return [];
    await writeJsonAtomic(runPaths.observed(place.runDir, place.namespace, place.repeat), document);
    return [`observed ${counted(document.comparisons.length, 'comparison')} of numbers`];
  } catch (error) {
    return [`what was observed could not be kept: ${messageOf(error)}`];
  }
}

function outcomeOf({ ok, lines, duration_s, lane }: SmokeDocument, launches: number): RepeatOutcome {
  return { kind: 'seen', seen: { ok, lines }, cells: {}, launches, duration_s, lane };
}
