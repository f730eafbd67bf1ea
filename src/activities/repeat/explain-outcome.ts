import type { StageExtraction } from '../../domain/observation/extract-metrics.ts';
import { explainHalt } from '../../domain/observation/explain-halt.ts';
import type { Attempt } from '../../domain/observation/observation.ts';
import type { RepeatOutcome } from '../../domain/session/session-state.ts';
import { lastLines } from '../../host/log/last-lines.ts';
import { launchFiles } from '../../host/process/launch-files.ts';
import { readSkippedTests } from '../../host/pytest/read-junit.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import type { Repeat } from './repeat.ts';

/**
 * An outcome as the session is told of it: a halt with what its launch left that explains it, any other as it is. Reads the
 * launch's log and junit file; what cannot be read is left out.
 */
export async function explainOutcome(
  { place, stages, files }: Repeat,
  outcome: RepeatOutcome,
  launch: { attempt: Attempt; extractions: Readonly<Record<string, StageExtraction>> },
): Promise<RepeatOutcome> {
  if (outcome.kind !== 'halt' || outcome.cause.moved === true) return outcome;
  const { attempt, extractions } = launch;
  const { stage: stageKey = '', key = '' } = outcome.cause;
  const launchDir = runPaths.launch(place.runDir, place.namespace, place.repeat, attempt.n);
  const { plan } = files;
  const cause = explainHalt(outcome.cause, {
    stage: stages.find((stage) => stage.key === stageKey),
    problem: extractions[stageKey]?.problems[key],
    hasResults: Object.values(extractions).some(({ result_files }) => result_files.length > 0),
    skipped: await readSkippedTests(launchFiles.junit(launchDir)),
    logTail: await lastLines(attempt.log),
    log: attempt.log,
    session: {
      id: plan.session_id,
      model: plan.model,
      repoRoot: plan.repo_root,
      catalogDir: plan.catalog_dir,
    },
  });
  return { ...outcome, cause };
}
