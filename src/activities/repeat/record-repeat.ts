import { ApplicationFailure } from '@temporalio/activity';

import { laneTries, type LaneTry } from '../../domain/lanes/lanes.ts';
import type { StageExtraction } from '../../domain/observation/extract-metrics.ts';
import { type JudgedRepeat, judgeRepeat, type RepeatVerdict } from '../../domain/observation/judge-repeat.ts';
import {
  countsAfterResultsLine,
  endedLine,
  extractionLines,
  repeatLabel,
  retryLine,
  stageLine,
} from '../../domain/observation/milestones.ts';
import {
  type Attempt,
  buildObservation,
  type JudgedEnd,
  type Observation,
  type StageStatus,
} from '../../domain/observation/observation.ts';
import type { EndClassification } from '../../domain/pytest/classify-end.ts';
import { failureTypes, type RepeatOutcome } from '../../domain/session/session-state.ts';
import { utcTimestamp } from '../../domain/text.ts';
import { launchFiles } from '../../host/process/launch-files.ts';
import { readTestResults } from '../../host/pytest/read-junit.ts';
import { appendAttempt, readAttempts } from '../../host/run-directory/attempts-file.ts';
import { commitRepeat } from '../../host/run-directory/commit-repeat.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import { extractResults } from '../extract-results.ts';
import { attemptOf, classifyEnded, launchBefore, readSpentAttempts, unlaunchedAttempt } from './attempt.ts';
import { explainOutcome } from './explain-outcome.ts';
import { haltOnMove, movedCommit } from './moved-commit.ts';
import { type Ended, logLines, type Repeat } from './repeat.ts';

export interface JudgedLaunch {
  /** In place, the judged one last. */
  attempts: readonly [...Attempt[], Attempt];
  end: JudgedEnd;
  extractions: Readonly<Record<string, StageExtraction>>;
  statuses: Readonly<Record<string, StageStatus>>;
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  now: string;
}

/**
 * Commits the observations of all stages that one launch fed, as one unit.
 *
 * @throws CalibError when another commit stands in the way or the file system refuses.
 */
export async function commitObservations(repeat: Repeat, judged: JudgedLaunch): Promise<void> {
  const { place, files } = repeat;
  const attempt = lastOf(judged.attempts);
  await commitRepeat({
    ...place,
    sessionId: files.plan.session_id,
    attempt: attempt.n,
    gitSha: files.plan.git_sha ?? '',
    committedAt: judged.now,
    test: repeat.unit.test,
    log: attempt.log,
    observations: observationsOf(repeat, judged),
  });
}

function observationsOf(repeat: Repeat, judged: JudgedLaunch): Record<string, Observation> {
  const { files, input, place, stages } = repeat;
  const attempt = lastOf(judged.attempts);
  const facts = {
    session_id: files.plan.session_id,
    namespace: input.namespace,
    git_sha: files.plan.git_sha ?? '',
    tree_fingerprint: files.plan.tree_fingerprint,
    recorded_at: judged.now,
    end: judged.end,
    attempt_history: judged.attempts,
    pytest_log: attempt.log,
    basetemp: runPaths.baseTemp(place.runDir, place.namespace, place.repeat),
    gpu_uuids: attempt.gpu_uuids ?? [],
    host: repeat.deps.hostname,
  };
  return Object.fromEntries(
    stages.flatMap((stage) => {
      const extraction = judged.extractions[stage.key];
      const status = judged.statuses[stage.key];
      if (extraction === undefined || status === undefined) return [];
      return [[stage.key, buildObservation(facts, { stage, extraction, status })]];
    }),
  );
}

function lastOf(attempts: readonly [...Attempt[], Attempt]): Attempt {
  return attempts[attempts.length - 1] as Attempt;
}

/**
 * Judges an ended launch, records its attempt, and commits the observations of all stages that it fed.
 *
 * @throws ApplicationFailure `InfraFailure`, retryable, while the pass's budget has launches left for an infra failure.
 */
export async function recordRepeat(repeat: Repeat, ended: Ended): Promise<RepeatOutcome> {
  const { place, policies } = repeat;
  const now = utcTimestamp(new Date());
  const classified = classifyEnded(ended);
  const spent = (await readSpentAttempts(repeat)).filter(({ n }) => n !== ended.launch.attempt);
  const launches = spent.length + 1;
  const first = attemptOf(repeat, ended, { classified, now });
  const factsOf = (attempt: Attempt) => ({
    launches,
    duration_s: attempt.duration_s,
    lane: attempt.lane ?? null,
    ...triesOf(repeat, [...spent, attempt]),
  });
  repeat.heartbeats.say({
    state: 'recording',
    text: 'reading results',
    attempt: first.n,
    launch_dir: ended.launch.launchDir,
    lane: first.lane ?? null,
    seconds: 0,
  });
  const moved = await movedCommit(repeat);
  if (moved !== null) {
    await recordUncounted(repeat, {
      ...first,
      outcome: 'infra',
      reason: `the checkout changed during the run`,
    });
    return haltOnMove(repeat, { text: moved, ...factsOf(first) });
  }
  const { end, extractions, judged } = await judgeEnded(repeat, { ended, classified, first, spent });
  const { verdict, statuses, cells } = judged;
  const attempt = { ...first, ...findingOf(verdict) };
  const isLast = launches >= policies.attempts_per_pass;
  if (verdict.kind === 'infra' && (!isLast || classified.outcome === 'aborted')) {
    return await retryLater(repeat, { attempt, launches, reason: verdict.reason });
  }
  const isConfig = classified.outcome === 'config' && verdict.kind !== 'complete';
  const isInfra = verdict.kind === 'infra' && Object.values(cells).every(({ symbol }) => symbol === '✓');
  if (isConfig || isInfra) {
    // Not written by tests that ran, or full but not to be counted: as observations they would look like good ones.
    await appendAttempt(place, attempt);
    const halted = outcomeOf(repeat, verdict, { cells: {}, ...factsOf(attempt) });
    return await explainOutcome(repeat, halted, { attempt, extractions });
  }
  const attempts: [...Attempt[], Attempt] = [...(await readAttempts(place)), attempt];
  await commitObservations(repeat, { attempts, end, extractions, statuses, now });
  await appendAttempt(place, { ...attempt, ...(await testsOf(ended)) });
  const outcome = outcomeOf(repeat, verdict, { cells, ...factsOf(attempt) });
  return await explainOutcome(repeat, outcome, { attempt, extractions });
}

/** What pytest says of the launch's tests; nothing where it left no record. */
export async function testsOf({ launch }: Ended): Promise<Pick<Attempt, 'tests'>> {
  const tests = await readTestResults(launchFiles.junit(launch.launchDir));
  return tests.length === 0 ? {} : { tests };
}

/** Reads what an ended launch measured, says in `run.log` what it is worth, and gives the judgement. */
export async function judgeEnded(
  repeat: Repeat,
  launch: { ended: Ended; classified: EndClassification; first: Attempt; spent: readonly Attempt[] },
): Promise<{ end: JudgedEnd; extractions: Record<string, StageExtraction>; judged: JudgedRepeat }> {
  const { ended, classified, first, spent } = launch;
  const { outcome, reason, afterResults } = classified;
  const end = { outcome, reason, afterResults, exit_code: first.exit_code, signal: first.signal };
  const extractions = await extractResults(repeat, {
    at: ended.launch.lane.launched_at,
    clockBehindS: first.clock_behind_s,
  });
  const judged = judgeRepeat({
    stages: repeat.stages,
    extractions,
    end,
    suspects: classified.suspects,
    earlierReasons: spent.flatMap(({ finding }) => finding ?? []),
    previousReason: (await launchBefore(repeat, first.n))?.finding,
    countAfterCrash: repeat.policies.count_after_crash,
    endedAtMs: endOf(ended),
  });
  await logEnd(repeat, { end, extractions, judged, duration: first.duration_s });
  return { end, extractions, judged };
}

/** When pytest ended; null where the clock was set meanwhile: then no time of a file can be compared with it. */
function endOf({ exit }: Ended): number | null {
  return exit === null || exit.clock !== undefined ? null : Date.parse(exit.ended_at);
}

/**
 * Records that an attempt found no lane: counted in the budget, never an observation. Where other runs of
 * calib's have the lanes, nothing is wrong: then it is only asked again.
 *
 * @throws ApplicationFailure, retryable: `RepeatBusy` while others run, else `InfraFailure` while the budget lasts.
 */
export async function recordNoLane(
  repeat: Repeat,
  failed: { attempt: number; reason: string; leased: boolean; waitedSeconds: number; startedAt: string },
): Promise<RepeatOutcome> {
  if (failed.leased) {
    throw ApplicationFailure.create({
      message: `waits for a lane: ${failed.reason}`,
      type: failureTypes.busy,
      nextRetryDelay: repeat.timing.busyRetryMs,
    });
  }
  const reason = `launch gate failed: ${failed.reason}`;
  const spent = await readSpentAttempts(repeat);
  const launches = spent.length + 1;
  const now = utcTimestamp(new Date());
  const attempt = unlaunchedAttempt(repeat, { ...failed, reason, now });
  await logLines(repeat, `${repeatLabel(repeat.label)} launch gate: BLOCKED — ${failed.reason}`);
  if (launches < repeat.policies.attempts_per_pass) {
    return await retryLater(repeat, { attempt, launches, reason });
  }
  await appendAttempt(repeat.place, attempt);
  return {
    kind: 'exhausted',
    reason,
    cells: {},
    launches,
    duration_s: 0,
    lane: null,
    ...triesOf(repeat, spent),
  };
}

/** What this pass's launches say about their lanes; nothing where none have a name in the session. */
function triesOf({ input }: Repeat, attempts: readonly Attempt[]): { tries?: LaneTry[] } {
  const named = input.lanes !== undefined || input.dispatch !== undefined;
  return named ? { tries: laneTries(attempts) } : {};
}

async function retryLater(
  repeat: Repeat,
  failure: { attempt: Attempt; launches: number; reason: string },
): Promise<never> {
  const { attempt, launches, reason } = failure;
  await appendAttempt(repeat.place, attempt);
  const attemptLimit = repeat.policies.attempts_per_pass;
  await logLines(repeat, retryLine(repeat.label, { reason, attempt: launches, attemptLimit }));
  throw ApplicationFailure.retryable(`${repeatLabel(repeat.label)}: ${reason}`, failureTypes.infra);
}

/** The numbers of such a launch may never be taken up again. */
async function recordUncounted(repeat: Repeat, attempt: Attempt): Promise<void> {
  await appendAttempt(repeat.place, attempt);
  await logLines(repeat, `${repeatLabel(repeat.label)} discarded: ${attempt.reason}`);
}

async function logEnd(
  repeat: Repeat,
  found: {
    end: JudgedEnd;
    extractions: Record<string, StageExtraction>;
    judged: JudgedRepeat;
    duration: number;
  },
): Promise<void> {
  const { end, extractions, judged } = found;
  const stageLines = repeat.stages.flatMap((stage) => {
    const extraction = extractions[stage.key];
    const status = judged.statuses[stage.key];
    if (extraction === undefined || status === undefined) return [];
    return [stageLine(stage, { extraction, status, end })];
  });
  const { verdict } = judged;
  // A halt is the session's to announce: it knows how to go on.
  const consequence = verdict.kind === 'partial' ? [`  ⚠ does not count: ${verdict.reason}`] : [];
  if (verdict.kind === 'complete' && verdict.after !== undefined) {
    consequence.push(countsAfterResultsLine(verdict.after));
  }
  await logLines(
    repeat,
    endedLine(repeat.label, end, found.duration),
    ...stageLines,
    ...extractionLines(extractions),
    ...consequence,
  );
}

/** What the attempt's record says about its worth. */
function findingOf(verdict: RepeatVerdict): Pick<Attempt, 'finding' | 'after_results'> {
  switch (verdict.kind) {
    case 'partial':
      return { finding: verdict.reason };
    case 'halt':
      return { finding: verdict.cause.text };
    case 'complete':
      return verdict.after === undefined ? {} : { after_results: verdict.after };
    case 'infra':
      return {};
  }
}

function outcomeOf(
  { input }: Repeat,
  verdict: RepeatVerdict,
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
