import { stat } from 'node:fs/promises';

import { utcTimestamp } from '../../domain/text.ts';
import type { Attempt } from '../../domain/observation/observation.ts';
import type { ProblemKind, StageExtraction } from '../../domain/observation/extract-metrics.ts';
import { explainOutcome } from './explain-outcome.ts';
import { type RepeatVerdict, judgeRepeat } from '../../domain/observation/judge-repeat.ts';
import { repeatLabel, stageLine } from '../../domain/observation/milestones.ts';
import type { RepeatOutcome } from '../../domain/session/session-state.ts';
import { extractRepeat } from '../../host/extraction.ts';
import { launchExitSchema, launchFiles, readLaunchDocument } from '../../host/process/launch-files.ts';
import { readAttempts } from '../../host/run-directory/attempts-file.ts';
import { discardRepeat } from '../../host/run-directory/discard-repeat.ts';
import { runPaths } from '../../host/run-directory/paths.ts';
import { discardedByCalib } from './attempt.ts';
import { commitObservations } from './record-repeat.ts';
import { type Repeat, logLines } from './repeat.ts';

/**
 * Faults of the configuration: the file is there and intact, so launching the same commit again yields the same. One that is
 * too large to read is, too.
 */
const faultsOfConfiguration: ReadonlySet<ProblemKind> = new Set([
  'not_configured',
  'outside',
  'too_large',
  'path_missing',
  'through_list',
  'not_an_object',
]);

/**
 * After a HALT was fixed: reads the artifacts of the last launch again, with today's stage definitions.
 * Complete → committed, no GPU time spent. Still missing in an intact file → halts again. Null where only a new launch
 * can tell: no artifacts, or artifacts that may have been spoilt by the machine.
 *
 * @throws CalibError when a record is damaged or the file system refuses.
 */
export async function reExtract(repeat: Repeat): Promise<RepeatOutcome | null> {
  const { place, stages } = repeat;
  const attempts = await readAttempts(place);
  const last = attempts.at(-1);
  if (last === undefined || !(await hasArtifacts(repeat, last))) return null;
  const end = { outcome: last.outcome, reason: last.reason, exit_code: last.exit_code, signal: last.signal };
  const extractions = await extractRepeat({
    stages,
    baseTemp: runPaths.baseTemp(place.runDir, place.namespace, place.repeat),
    launchedAt: new Date(last.started_at),
    clockBehindS: last.clock_behind_s,
    maxBytes: repeat.policies.max_result_bytes,
  });
  const { verdict, statuses, cells } = judgeRepeat({
    stages,
    extractions,
    end,
    suspects: [],
    earlierReasons: [],
  });
  const facts = { cells, launches: 0, duration_s: last.duration_s, lane: last.lane ?? null };
  if (verdict.kind !== 'complete') {
    const again = haltAgain(repeat, { verdict, extractions, facts });
    return again === null ? null : await explainOutcome(repeat, again, { attempt: last, extractions });
  }
  const now = utcTimestamp(new Date());
  await discardRepeat({
    ...place,
    stages: repeat.unit.stages,
    reason: 'read again after a halt was fixed',
    at: now,
    requestedBy: discardedByCalib,
    commandId: `re-extract-${last.n}-${now}`,
    only: 'records',
  });
  const { finding: _, ...counted } = last;
  const history: [...Attempt[], Attempt] = [...attempts.slice(0, -1), counted];
  await commitObservations(repeat, { attempts: history, end, extractions, statuses, now });
  await logLines(
    repeat,
    `${repeatLabel(repeat.label)} complete from the artifacts of attempt ${last.n}, read again`,
    ...stages.flatMap((stage) => {
      const extraction = extractions[stage.key];
      const status = statuses[stage.key];
      return extraction === undefined || status === undefined
        ? []
        : [stageLine(stage, { extraction, status, end })];
    }),
  );
  return { kind: 'complete', ...facts };
}

/** Only a launch of this session that came to pytest's own end, and was not purged, has numbers worth reading. */
async function hasArtifacts({ place }: Repeat, last: Attempt): Promise<boolean> {
  if (last.outcome !== 'ok' && last.outcome !== 'assertion') return false;
  const launchDir = runPaths.launch(place.runDir, place.namespace, place.repeat, last.n);
  const exit = await readLaunchDocument(launchFiles.exit(launchDir), launchExitSchema);
  if (exit.kind !== 'read') return false;
  const baseTemp = runPaths.baseTemp(place.runDir, place.namespace, place.repeat);
  return (await stat(baseTemp).catch(() => null))?.isDirectory() === true;
}

function haltAgain(
  { input }: Repeat,
  found: {
    verdict: RepeatVerdict;
    extractions: Record<string, StageExtraction>;
    facts: Omit<Extract<RepeatOutcome, { kind: 'halt' }>, 'kind' | 'cause'>;
  },
): RepeatOutcome | null {
  const { verdict, extractions, facts } = found;
  if (verdict.kind !== 'halt') return null;
  const { stage = '', key = '' } = verdict.cause;
  const problem = extractions[stage]?.problems[key];
  // Without a problem of its own the value was read, and is a number of samples that no run will change.
  if (problem !== undefined && !faultsOfConfiguration.has(problem.kind)) return null;
  const text = `${verdict.cause.text} — still so in the artifacts of the last launch; correct the config, or purge this repeat to launch it anew`;
  return {
    kind: 'halt',
    cause: { ...verdict.cause, text, namespace: input.namespace, repeat: input.repeat },
    ...facts,
  };
}
