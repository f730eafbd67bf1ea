import { ApplicationFailure } from '@temporalio/activity';

import { utcTimestamp } from '../domain/clock.ts';
import type { Attempt } from '../domain/observation/attempt.ts';
import { buildObservation } from '../domain/observation/build-observation.ts';
import { type RepeatVerdict, judgeRepeat } from '../domain/observation/judge-repeat.ts';
import type { Observation } from '../domain/observation/observation.ts';
import type { JudgedEnd, StageStatus } from '../domain/observation/stage-status.ts';
import { type EndClassification, type OwnStop, classifyEnd } from '../domain/pytest/classify-end.ts';
import { failureTypes } from '../domain/session/failure-types.ts';
import type { RepeatOutcome } from '../domain/session/repeat-outcome.ts';
import { extractRepeat } from '../host/extraction/extract-stage.ts';
import type { LaunchExit } from '../host/process/launch-documents.ts';
import { appendAttempt, readAttempts } from '../host/run-directory/attempts-file.ts';
import { commitRepeat } from '../host/run-directory/commit-repeat.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import type { RunRepeatInput } from './activity-types.ts';
import { movedCommit } from './moved-commit.ts';
import type { Ended, Repeat } from './repeat.ts';

/** Judges an ended launch, records its attempt, and commits the observations of all stages that it fed. */
export async function recordRepeat(repeat: Repeat, end: Ended): Promise<RepeatOutcome> {
  const { place, input, stages, policies, files, lane } = repeat;
  const classified = classifyLaunch(end);
  const now = utcTimestamp(new Date());
  const earlier = await readAttempts(place);
  const attempt = attemptOf(repeat, end, classified, now);
  const attempts: [...Attempt[], Attempt] = [...earlier, attempt];
  const launches = attempts.filter(({ pass }) => pass === input.pass).length;
  const last = launches >= policies.attempts_per_pass;
  const judgedEnd = { ...classified, exit_code: attempt.exit_code, signal: attempt.signal };
  const baseTemp = runPaths.baseTemp(place.runDir, place.namespace, place.repeat);
  const extractions = await extractRepeat({ stages, baseTemp, launchedAt: new Date(attempt.started_at) });
  const { verdict, statuses, cells } = judgeRepeat({
    stages,
    extractions,
    end: judgedEnd,
    suspects: classified.suspects,
    earlierReasons: earlier.map(({ reason }) => reason),
    lastAttempt: last,
  });
  const facts = { launches, duration_s: attempt.duration_s, lane };
  const label = `[${input.namespace}] run ${input.repeat}/${files.plan.repeats}`;
  await appendRunLog(
    place.runDir,
    [`${label} ${verdict.kind} (${attempt.duration_s.toFixed(1)}s)`],
    new Date(),
  );
  if (verdict.kind === 'infra' && !last) {
    await appendAttempt(place, attempt);
    throw ApplicationFailure.retryable(`${label}: ${verdict.reason}`, failureTypes.infra);
  }
  const moved = await movedCommit(repeat);
  if (moved !== null) return moved;
  const observations = observationsOf({ repeat, attempts, end: judgedEnd, now, extractions, statuses });
  await commitRepeat({
    ...place,
    sessionId: files.plan.session_id,
    attempt: end.attempt,
    gitSha: files.plan.git_sha ?? '',
    committedAt: now,
    test: repeat.unit.test,
    log: attempt.log,
    observations,
  });
  await appendAttempt(place, attempt);
  return outcomeOf(verdict, input, { cells, ...facts });
}

function ownStopOf(exit: LaunchExit | null): OwnStop | null {
  if (exit?.stop === null || exit === null) return null;
  try {
    return JSON.parse(exit.stop.reason) as OwnStop;
  } catch {
    return { kind: 'cancelled', why: exit.stop.reason };
  }
}

function classifyLaunch({ exit, lost, signatures }: Ended): EndClassification {
  return classifyEnd({
    exitCode: exit?.exit_code ?? null,
    signal: exit?.signal ?? null,
    ownStop: ownStopOf(exit),
    signatures,
    ...(lost === null ? {} : { lost }),
    ...(exit?.start_error ? { startError: exit.start_error } : {}),
  });
}

function attemptOf(repeat: Repeat, end: Ended, classified: EndClassification, now: string): Attempt {
  const { place, input, lane } = repeat;
  const { exit } = end;
  return {
    n: end.attempt,
    pass: input.pass,
    started_at: exit?.started_at ?? now,
    ended_at: exit?.ended_at ?? now,
    exit_code: exit?.exit_code ?? null,
    signal: exit?.signal ?? null,
    reason: classified.reason,
    outcome: classified.outcome,
    duration_s: exit?.duration_s ?? 0,
    gate_s: 0,
    cleanup_s: 0,
    gpus: [],
    lane,
    log: runPaths.attemptLog(place.runDir, place.namespace, place.repeat, end.attempt),
    startup_s: null,
    notes: [],
  };
}

interface ObservationParts {
  repeat: Repeat;
  attempts: [...Attempt[], Attempt];
  end: JudgedEnd;
  now: string;
  extractions: Awaited<ReturnType<typeof extractRepeat>>;
  statuses: Record<string, StageStatus>;
}

function observationsOf(parts: ObservationParts): Record<string, Observation> {
  const { repeat, attempts, now, extractions, statuses } = parts;
  const { files, input, place, stages } = repeat;
  const baseTemp = runPaths.baseTemp(place.runDir, place.namespace, place.repeat);
  return Object.fromEntries(
    stages.flatMap((stage) => {
      const extraction = extractions[stage.key];
      const status = statuses[stage.key];
      if (extraction === undefined || status === undefined) return [];
      const built = buildObservation(
        {
          session_id: files.plan.session_id,
          namespace: input.namespace,
          git_sha: files.plan.git_sha ?? '',
          tree_fingerprint: files.plan.tree_fingerprint,
          recorded_at: now,
          end: parts.end,
          attempt_history: attempts,
          pytest_log: attempts.at(-1)?.log ?? '',
          basetemp: baseTemp,
          gpu_uuids: [],
          host: files.plan.hostname ?? '',
        },
        { stage, extraction, status },
      );
      return [[stage.key, built]];
    }),
  );
}

function outcomeOf(
  verdict: RepeatVerdict,
  input: RunRepeatInput,
  facts: Omit<Extract<RepeatOutcome, { kind: 'complete' }>, 'kind'>,
): RepeatOutcome {
  switch (verdict.kind) {
    case 'complete':
      return { kind: 'complete', ...facts };
    case 'partial':
      return { kind: 'incomplete', reason: verdict.reason, ...facts };
    case 'infra':
      return { kind: 'exhausted', reason: verdict.reason, ...facts };
    case 'halt':
      return {
        kind: 'halt',
        cause: { ...verdict.cause, namespace: input.namespace, repeat: input.repeat },
        ...facts,
      };
  }
}
