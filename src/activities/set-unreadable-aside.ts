import { randomUUID } from 'node:crypto';

import type { Observation } from '../domain/observation/observation.ts';
import type { Unit } from '../domain/plan/unit.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { extractRepeat } from '../host/extraction/extract-stage.ts';
import { pathExists } from '../host/files/path-exists.ts';
import type { RepeatPlace } from '../host/run-directory/attempts-file.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readCommittedRepeat } from '../host/run-directory/read-committed-repeat.ts';
import type { SessionPlanFile } from './session-files.ts';

export interface StagesReplacement {
  runDir: string;
  plan: SessionPlanFile;
  /** The planned stages until now, and as corrected. */
  before: readonly StageDefinition[];
  stages: readonly StageDefinition[];
  /** Keys of the stages that are read from elsewhere now. */
  reread: readonly string[];
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  at: string;
}

/**
 * Sets aside every valid repeat that the corrected definitions would not have recorded as it stands: no longer valid, or its
 * artifacts read now are gone or other numbers. One session must not mix values of two sources. Repeats that did not
 * count before stay for their next launch, which looks at their artifacts first.
 *
 * @returns one line per repeat that was set aside
 * @throws CalibError when the file system refuses
 */
export async function setUnreadableAside(replacement: StagesReplacement): Promise<string[]> {
  const { runDir, plan, at } = replacement;
  const aside: string[] = [];
  for (const unit of plan.units ?? []) {
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
      const place = { runDir, namespace: unit.namespace, repeat };
      const reason = await reasonAgainst(replacement, unit, place);
      if (reason === null) continue;
      const { stages } = unit;
      await discardRepeat({ ...place, stages, reason, at, requestedBy: 'calib', commandId: randomUUID() });
      aside.push(`${unit.namespace} repeat ${repeat}: ${reason}`);
    }
  }
  return aside;
}

async function reasonAgainst(
  replacement: StagesReplacement,
  unit: Unit,
  place: RepeatPlace,
): Promise<string | null> {
  const { git_sha: commit = '', session_id, tree_fingerprint } = replacement.plan;
  const recordedUnder = async (definitions: readonly StageDefinition[]) =>
    await readCommittedRepeat({
      ...place,
      stages: unit.stages.flatMap((key) => definitions.filter((stage) => stage.key === key)),
      commit,
      session_id,
      tree_fingerprint,
      markers: 'required',
    });
  if ((await recordedUnder(replacement.before)).kind !== 'valid') return null;
  const recorded = await recordedUnder(replacement.stages);
  if (recorded.kind === 'invalid') return `under the corrected stages.yaml: ${recorded.reason}`;
  if (recorded.kind === 'none') return null;
  const changed = replacement.stages.filter(
    ({ key }) => unit.stages.includes(key) && replacement.reread.includes(key),
  );
  const { observations } = recorded;
  return (
    (await resultsElsewhere({ changed, observations, place, hostname: replacement.plan.hostname })) ??
    (await differingValues(changed, observations, place))
  );
}

/** A repeat that another host of a pool ran left its results there. */
async function resultsElsewhere(recorded: {
  changed: readonly StageDefinition[];
  observations: Readonly<Record<string, Observation>>;
  place: RepeatPlace;
  hostname: string | undefined;
}): Promise<string | null> {
  const { changed, observations, place, hostname } = recorded;
  for (const { key } of changed) {
    const host = observations[key]?.host;
    if (host === undefined || host === hostname) continue;
    if (await pathExists(runPaths.baseTemp(place.runDir, place.namespace, place.repeat))) continue;
    return `${key}: its results are on host ${host}, so the corrected stages.yaml cannot read them here`;
  }
  return null;
}

async function differingValues(
  changed: readonly StageDefinition[],
  observations: Readonly<Record<string, Observation>>,
  place: RepeatPlace,
): Promise<string | null> {
  const { started_at: startedAt, attempt_history } = Object.values(observations)[0] ?? {};
  const extractions = await extractRepeat({
    stages: changed,
    baseTemp: runPaths.baseTemp(place.runDir, place.namespace, place.repeat),
    // The original tool does not record it, but made the folder anew for each launch.
    launchedAt: new Date(startedAt ?? 0),
    clockBehindS: attempt_history?.at(-1)?.clock_behind_s,
  });
  for (const { key, metrics } of changed) {
    const [recorded, read] = [observations[key], extractions[key]];
    const values = (from: typeof recorded | typeof read): string =>
      JSON.stringify([
        Object.keys(metrics).map((metric) => from?.metrics[metric] ?? null),
        from?.sample_counts.total ?? null,
        from?.sample_counts.ok ?? null,
      ]);
    if (values(recorded) !== values(read)) {
      return `${key}: the corrected stages.yaml reads other values than were recorded`;
    }
  }
  return null;
}
