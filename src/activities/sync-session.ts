import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import type { Observation } from '../domain/observation/observation.ts';
import { buildUnits } from '../domain/selection/units.ts';
import { launchDifferences, stagesCorrection } from '../domain/session/resume-plan.ts';
import type { Unit } from '../domain/session/session-plan.ts';
import { startabilityProblems } from '../domain/session/startability.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { shapeDifferences } from '../domain/stages/stages-shape.ts';
import { parseStagesYaml, stagesFormat } from '../domain/stages/stages-yaml.ts';
import { utcTimestamp } from '../domain/text.ts';
import { extractRepeat } from '../host/extraction.ts';
import { openCatalog } from '../host/catalog/open-catalog.ts';
import { stagesOfPlan } from '../host/discovery/stages-of-plan.ts';
import { readSessionTree, treeMoved } from '../host/git/tree.ts';
import type { RepeatPlace } from '../host/run-directory/attempts-file.ts';
import { discardRepeat } from '../host/run-directory/discard-repeat.ts';
import { keepCopy, pathExists, writeFileAtomic } from '../host/run-directory/files.ts';
import { appendRunLog } from '../host/run-directory/logs/run-log.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readPlan, writePlan } from '../host/run-directory/plan-file.ts';
import { readCommittedRepeat } from '../host/run-directory/read-repeat.ts';
import {
  plannedStages,
  readStagesFile,
  readStagesText,
  type StagesText,
} from '../host/run-directory/stages-copy.ts';
import type { SyncResult } from './activity-types.ts';
import { auditDirectory, orGone, type SessionPlanFile, sessionPlanFile } from './repeat/repeat.ts';

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
 * Sets aside every valid repeat that the corrected definitions would not have recorded as it stands: no longer valid,
 * or its artifacts read now are gone or other numbers. One session must not mix values of two sources. Repeats that
 * did not count before stay for their next launch, which looks at their artifacts first.
 *
 * @returns one line per repeat that was discarded
 * @throws CalibError when the file system refuses
 */
export async function discardChangedRepeats(replacement: StagesReplacement): Promise<string[]> {
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
    (await differingValues(changed, observations, { ...place, plan: replacement.plan }))
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
  place: RepeatPlace & { plan: SessionPlanFile },
): Promise<string | null> {
  const { started_at: startedAt, attempt_history } = Object.values(observations)[0] ?? {};
  const extractions = await extractRepeat({
    stages: changed,
    baseTemp: runPaths.baseTemp(place.runDir, place.namespace, place.repeat),
    // The original tool does not record it, but made the folder anew for each launch.
    launchedAt: new Date(startedAt ?? 0),
    clockBehindS: attempt_history?.at(-1)?.clock_behind_s,
    maxBytes: place.plan.policies?.max_result_bytes,
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

/**
 * Looks at the directory again before a session goes on after a halt: the checkout must be the one that it observes,
 * and a
 * `stages.yaml` that was corrected in the catalog meanwhile is taken over (the earlier copy is kept beside it, and the
 * change recorded in `plan.json` and `run.log`). Repeats that are not what the corrected definitions would read are set
 * aside. Twice equals once.
 *
 * @throws CalibError `refused`, saying what stands in the way; nothing is changed then
 */
export async function syncSession(runDir: string): Promise<SyncResult> {
  const now = new Date();
  const plan = sessionPlanFile(runDir, await orGone(runDir, readPlan(runDir)));
  await refuseMoved(runDir, plan);
  await refuseChangedLaunches(runDir, plan);
  const notes = await takeOverStages(runDir, plan, now);
  return { ...(await auditDirectory(runDir)), notes };
}

async function refuseMoved(runDir: string, plan: SessionPlanFile): Promise<void> {
  const { repo_root: repoRoot, catalog_dir: catalogDir, git_sha = '', tree_fingerprint } = plan;
  const found = await readSessionTree({ repoRoot, runDir, catalogDir });
  const moved = treeMoved(found, { git_sha, tree_fingerprint });
  if (moved === null) return;
  throw new CalibError('refused', moved, {
    remedy:
      'restore it and resume; a session observes one commit, so a corrected test file is measured by a fresh session on a new one',
  });
}

/**
 * The model's config may have been edited while the session was halted: where results are read is taken over, but what a
 * launch is given must not change between two repeats, and must not be ignored either.
 *
 * @throws CalibError `refused`, naming the keys of the config
 */
async function refuseChangedLaunches(runDir: string, plan: SessionPlanFile): Promise<void> {
  const { catalog_dir: dir, model, units } = plan;
  if (dir === undefined || units === undefined) return;
  const file = join(dir, 'models', model, 'config.yaml');
  if (!(await pathExists(file))) return;
  const { config } = await (await openCatalog(dir)).loadModel(model);
  const stages = plannedStages(runDir, plan, await readStagesText(runDir, plan));
  const differences = launchDifferences(units, buildUnits(stages, config));
  if (differences.length === 0) return;
  throw new CalibError('refused', `${file}: ${differences.join('; ')}`, {
    remedy: 'restore it and resume, or start a fresh session: all repeats of a session are launched alike',
  });
}

/** What was taken over, in words; nothing when the catalog has the definitions that the session uses. */
async function takeOverStages(runDir: string, plan: SessionPlanFile, now: Date): Promise<string[]> {
  const catalog = await readCatalogStages(plan);
  const isDiscovered = catalog?.path === modelFile(plan, 'config.yaml');
  if (catalog !== null && catalog.sha256 === plan.stages_yaml_sha256)
    return await restoreCopy(runDir, catalog);
  const present = await readStagesText(runDir, plan);
  if (catalog === null) return [];
  const before = plannedStages(runDir, plan, present);
  if (isDiscovered && plan.stages_from === undefined && isSameShape(before, catalog)) return [];
  const corrected = await acceptCorrection(runDir, plan, { before, catalog });
  const aside = await discardChangedRepeats({ runDir, plan, before, ...corrected, at: utcTimestamp(now) });
  const copy = runPaths.stagesYaml(runDir);
  const kept = await keepCopy(copy, Buffer.from(present.text));
  const { changes } = corrected;
  const notes = [
    isDiscovered
      ? `the model's config was corrected: the stages discovered with it are used from now on (the earlier ones are ${kept})`
      : `stages.yaml was corrected in the catalog and is used from now on (the earlier one is ${kept})`,
    ...(changes.length === 0 ? ['no planned stage changed'] : changes),
    ...aside.map((line) => `discarded: ${line}`),
  ];
  await appendRunLog(runDir, notes, now);
  const replaced = { at: utcTimestamp(now), kept, changes };
  await writePlan(runDir, {
    ...plan,
    stages_yaml_sha256: catalog.sha256,
    stages_yaml_history: [...(plan.stages_yaml_history ?? []), replaced],
  });
  // Last: should this not be reached, the plan names the catalog's file and the next call puts it in place.
  await writeFileAtomic(copy, catalog.text);
  return notes;
}

/**
 * What the catalog says now: the stages discovered with its config, or for a session that was planned with a `stages.yaml`
 * of the catalog that file, as long as it is one of that kind. Null where there is no catalog any more.
 */
async function readCatalogStages(plan: SessionPlanFile): Promise<StagesText | null> {
  if (plan.catalog_dir === undefined) return null;
  const file = plan.stages_from === 'discovery' ? null : await readStagesFile(modelFile(plan, 'stages.yaml'));
  // A lock has no hashes: it says nothing of this commit.
  const isLock = file !== null && stagesFormat(file.text) === 'current' && !/_sha256:/.test(file.text);
  if (file !== null && !isLock) return file;
  const config = modelFile(plan, 'config.yaml');
  if (!(await pathExists(config))) return null;
  const { text, sha256 } = await stagesOfPlan(plan, plan.repo_root);
  return { path: config, text, sha256 };
}

function modelFile(plan: SessionPlanFile, name: string): string {
  return join(plan.catalog_dir ?? '', 'models', plan.model, name);
}

function isSameShape(before: readonly StageDefinition[], { text, path }: StagesText): boolean {
  const keys = new Set(before.map(({ key }) => key));
  const found = parseStagesYaml(text, path).filter(({ key }) => keys.has(key));
  return shapeDifferences(before, found).length === 0;
}

/** Puts the recorded definitions in place where something else stands, which is kept. */
async function restoreCopy(runDir: string, wanted: StagesText): Promise<string[]> {
  const copy = runPaths.stagesYaml(runDir);
  const found = await readStagesFile(copy);
  if (found?.sha256 === wanted.sha256) return [];
  if (found !== null) await keepCopy(copy, Buffer.from(found.text));
  await writeFileAtomic(copy, wanted.text);
  return ["the session's stages.yaml was put back as plan.json records it"];
}

interface AcceptedCorrection {
  stages: StageDefinition[];
  changes: string[];
  reread: string[];
}

async function acceptCorrection(
  runDir: string,
  plan: SessionPlanFile,
  { before, catalog }: { before: StageDefinition[]; catalog: StagesText },
): Promise<AcceptedCorrection> {
  const correction = stagesCorrection(before, parseStagesYaml(catalog.text, catalog.path));
  if (correction.kind === 'refused') {
    throw new CalibError(
      'refused',
      `${catalog.path} is not a correction of this session's stages: ${correction.differences.join('; ')}`,
      { remedy: 'undo that, or start a fresh session; only where results are read may be corrected' },
    );
  }
  const stages = plannedStages(runDir, plan, catalog);
  const problems = startabilityProblems(stages);
  if (problems.length === 0) return { stages, changes: correction.changes, reread: correction.reread };
  throw new CalibError('refused', `${catalog.path}: ${problems.join('; ')}`, {
    remedy: `complete metric_sources in the model's config.yaml, and resume`,
  });
}
