import { join } from 'node:path';

import { CalibError } from '../domain/calib-error.ts';
import { utcTimestamp } from '../domain/clock.ts';
import { stagesCorrection } from '../domain/plan/stages-correction.ts';
import { startabilityProblems } from '../domain/session/startability.ts';
import { parseStagesYaml } from '../domain/stages/stages-yaml.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { readSessionTree, treeMoved } from '../host/git/session-tree.ts';
import { keepCopy } from '../host/run-directory/keep-copy.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { writePlan } from '../host/run-directory/plan-file.ts';
import { readPlan } from '../host/run-directory/read-plan.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import {
  type StagesText,
  plannedStages,
  readStagesFile,
  readStagesText,
} from '../host/run-directory/stages-copy.ts';
import { writeFileAtomic } from '../host/run-directory/write-atomic.ts';
import type { SyncResult } from './activity-types.ts';
import { auditDirectory, orGone, sessionPlanFile, type SessionPlanFile } from './session-files.ts';
import { setUnreadableAside } from './set-unreadable-aside.ts';

/**
 * Looks at the directory again before a session goes on after a halt: the checkout must be the one that it observes, and a
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

/** What was taken over, in words; nothing when the catalog has the definitions that the session uses. */
async function takeOverStages(runDir: string, plan: SessionPlanFile, now: Date): Promise<string[]> {
  const catalog = await readCatalogStages(plan);
  if (catalog !== null && catalog.sha256 === plan.stages_yaml_sha256)
    return await restoreCopy(runDir, catalog);
  const present = await readStagesText(runDir, plan);
  if (catalog === null) return [];
  const before = plannedStages(runDir, plan, present);
  const corrected = await acceptCorrection(runDir, plan, { before, catalog });
  const aside = await setUnreadableAside({ runDir, plan, before, ...corrected, at: utcTimestamp(now) });
  const copy = runPaths.stagesYaml(runDir);
  const kept = await keepCopy(copy, Buffer.from(present.text));
  const { changes } = corrected;
  const notes = [
    `stages.yaml was corrected in the catalog and is used from now on (the earlier one is ${kept})`,
    ...(changes.length === 0 ? ['no planned stage changed'] : changes),
    ...aside.map((line) => `set aside: ${line}`),
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

async function readCatalogStages(plan: SessionPlanFile): Promise<StagesText | null> {
  if (plan.catalog_dir === undefined) return null;
  return await readStagesFile(join(plan.catalog_dir, 'models', plan.model, 'stages.yaml'));
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
    remedy: `complete metric_sources in the model's config.yaml, then \`calib discover --model ${plan.model}\``,
  });
}
