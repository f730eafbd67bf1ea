import type { Attempt } from '../domain/observation/attempt.ts';
import { buildObservation } from '../domain/observation/build-observation.ts';
import type { StageExtraction } from '../domain/observation/extraction.ts';
import type { Observation } from '../domain/observation/observation.ts';
import type { JudgedEnd, StageStatus } from '../domain/observation/stage-status.ts';
import { commitRepeat } from '../host/run-directory/commit-repeat.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import type { Repeat } from './repeat.ts';

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
 * Commits the observations of all stages that one launch fed, as one unit (spec 05 §10).
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
