import { isAbsolute, relative } from 'node:path';

import type { AppliedChange, AppliedCheck, AppliedDocument } from '../../domain/apply/applied-document.ts';
import { type ApplyPlanDocument, isRefusal } from '../../domain/apply/apply-plan-document.ts';
import type { RunSnapshot } from '../../domain/audit/strict.ts';
import { CalibError } from '../../domain/calib-error.ts';
import type { ModelConfig } from '../../domain/catalog/model-config.ts';
import { describeFinding } from '../../domain/discovery/finding.ts';
import type { Plan } from '../../domain/session/session-plan.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { messageOf, utcTimestamp } from '../../domain/text.ts';
import { openCatalog } from '../catalog/open-catalog.ts';
import { discoverModel } from '../discovery/discover-model.ts';
import { updateStagesFile } from '../discovery/update-stages-file.ts';
import { pathExists } from '../run-directory/files.ts';
import { readApplyPlan } from '../run-directory/literals.ts';
import { readRunDirectory } from '../run-directory/stages-copy.ts';
import { writeApplied } from './run-apply.ts';
import { keepStagesAfter, keepStagesBefore, restoreStages } from './stages-file-copy.ts';

export interface Rediscovery {
  /** The model's `stages.yaml` is up to date. */
  ok: boolean;
  /** The model's `stages.yaml`: relative where it lies in the checkout, else absolute; null without a catalog. */
  file: string | null;
  /** What is discovered now; null when nothing could be. */
  stages: StageDefinition[] | null;
  /** One sentence. */
  line: string;
}

export interface RediscoverOptions {
  runDir: string;
  plan: Plan;
  repoRoot: string;
  /** After an undo: the `stages.yaml` from before the apply comes back first. */
  undo: boolean;
  now: Date;
}

/**
 * Runs discovery for a session's model and writes its `stages.yaml`, so that its hashes are those of the changed
 * files. A catalog that cannot be read or written is told, not thrown.
 */
export async function rediscover(options: RediscoverOptions): Promise<Rediscovery> {
  const { plan, repoRoot } = options;
  let shown: string | null = null;
  try {
    const catalog = await openCatalog(plan.catalog_dir ?? '');
    const { config } = await catalog.loadModel(plan.model);
    const file = catalog.stagesPath(plan.model);
    shown = shownPath(repoRoot, file);
    return { ...(await discover({ ...options, config, file, shown })), file: shown };
  } catch (error) {
    if (!(error instanceof CalibError)) {
      throw error;
    }
    return { ok: false, file: shown, stages: null, line: stale(shown, error.message, plan.model) };
  }
}

interface Discovery extends RediscoverOptions {
  config: ModelConfig;
  /** Absolute. */
  file: string;
  shown: string;
}

async function discover(discovery: Discovery): Promise<Omit<Rediscovery, 'file'>> {
  const { plan, repoRoot, config, file, shown, now } = discovery;
  // A catalog without the file stays without it: the session's stages were discovered in the checkout.
  if (!(await pathExists(file))) return await discoverOnly(discovery);
  const update = await write(discovery);
  if ('cannot' in update) {
    const { stages } = await discoverModel({ repoRoot, config, discoveredAt: utcTimestamp(now) });
    return { ok: false, stages, line: stale(shown, update.cannot, plan.model) };
  }
  const { findings, stages } = update.discovery;
  if (update.outcome === 'refused') {
    const errors = findings.filter(({ severity }) => severity === 'error').map(describeFinding);
    return { ok: false, stages: null, line: stale(shown, errors.join('; '), plan.model) };
  }
  return { ok: true, stages, line: `discovery ran again: ${shown} is up to date` };
}

async function discoverOnly({ repoRoot, config, now }: Discovery): Promise<Omit<Rediscovery, 'file'>> {
  const { findings, stages } = await discoverModel({ repoRoot, config, discoveredAt: utcTimestamp(now) });
  const errors = findings.filter(({ severity }) => severity === 'error').map(describeFinding);
  return errors.length === 0
    ? { ok: true, stages, line: 'discovery ran again: the stages are found' }
    : { ok: false, stages: null, line: `discovery fails: ${errors.join('; ')}` };
}

type Update = Awaited<ReturnType<typeof updateStagesFile>>;

async function write(discovery: Discovery): Promise<Update | { cannot: string }> {
  const { runDir, repoRoot, config, file, undo, now } = discovery;
  try {
    await (undo ? restoreStages({ runDir, file }) : keepStagesBefore({ runDir, file }));
    const update = await updateStagesFile({
      repoRoot,
      config,
      output: file,
      stage: null,
      checkOnly: false,
      now,
    });
    if (!undo) {
      await keepStagesAfter({ runDir, file });
    }
    return update;
  } catch (error) {
    if (error instanceof CalibError && error.code === 'not-ready') {
      return { cannot: error.message };
    }
    throw error;
  }
}

/** Below the checkout by its relative path, which is what a commit names. */
function shownPath(repoRoot: string, file: string): string {
  const inside = relative(repoRoot, file);
  return inside.startsWith('..') || isAbsolute(inside) ? file : inside;
}

function stale(file: string | null, reason: string, model: string): string {
  return `${file ?? 'stages.yaml'} still has the old hashes: ${reason}; run calib discover --model ${model}`;
}

/**
 * Looks again after an apply or an undo: discovers the model anew and brings `stages.yaml` up to date (the
 * recorded hashes have changed), compares the sources with the session's, and asks a fresh plan about every changed
 * literal. The findings go into `applied.json`; nothing here takes an apply back, and nothing throws but a full disk.
 *
 * @param question `document` as `runApply` or `undoApply` gave it
 * @returns the document with the check in it, as now on disk
 * @throws CalibError `not-ready` when `applied.json` cannot be written: to be called again
 */
export async function checkApplied(question: {
  runDir: string;
  document: AppliedDocument;
  now: Date;
}): Promise<AppliedDocument> {
  const { runDir, document, now } = question;
  const check = await look(runDir, document, now).catch((error: unknown) => ({
    ok: false,
    at: utcTimestamp(now),
    stages_yaml: null,
    lines: [`the check could not be made: ${messageOf(error)}`],
  }));
  const checked: AppliedDocument =
    document.undone === null
      ? { ...document, check }
      : { ...document, undone: { ...document.undone, check } };
  await writeApplied(runDir, checked);
  return checked;
}

async function look(runDir: string, document: AppliedDocument, now: Date): Promise<AppliedCheck> {
  const snapshot = await readRunDirectory(runDir);
  const repoRoot = snapshot.plan.repo_root ?? '';
  const undo = document.undone !== null;
  const found = await rediscover({ runDir, plan: snapshot.plan, repoRoot, undo, now });
  const moved = found.stages === null ? [] : movedSources(snapshot.stages, found.stages);
  const fresh = await readApplyPlan({ snapshot: withStages(snapshot, found.stages), repoRoot });
  const wrong = isRefusal(fresh)
    ? [`a fresh plan is refused: ${fresh.reason}`]
    : document.changes.flatMap((change) => wrongLiteral({ change, document, fresh }));
  const isRight = moved.length === 0 && wrong.length === 0;
  const word = undo ? 'the old literal' : 'equal';
  return {
    ok: found.ok && isRight,
    at: utcTimestamp(now),
    stages_yaml: found.file,
    lines: [
      found.line,
      ...(found.stages !== null && moved.length === 0
        ? ['every stage has the sources it was calibrated with']
        : moved),
      ...(wrong.length === 0
        ? [`a fresh plan says ${word} for ${countText(document.changes.length)}`]
        : wrong),
    ],
  };
}

function countText(changes: number): string {
  return changes === 1 ? 'the one changed threshold' : `all ${changes} changed thresholds`;
}

/** The session's stages as discovery has them now; a stage that is gone stays as it was. */
function withStages(snapshot: RunSnapshot, found: readonly StageDefinition[] | null): RunSnapshot {
  const fresh = new Map(found?.map((stage) => [stage.key, stage]));
  return { ...snapshot, stages: snapshot.stages.map((stage) => fresh.get(stage.key) ?? stage) };
}

function movedSources(planned: readonly StageDefinition[], found: readonly StageDefinition[]): string[] {
  return planned.flatMap((stage) => {
    const fresh = found.find(({ key }) => key === stage.key);
    if (fresh === undefined) {
      return [`stage ${stage.key} is not discovered any more`];
    }
    return Object.entries(stage.metrics)
      .filter(([metric, { source }]) => fresh.metrics[metric]?.source !== source)
      .map(
        ([metric, { source }]) =>
          `${stage.key}.${metric} was ${source}, discovery finds ${fresh.metrics[metric]?.source ?? 'nothing'}`,
      );
  });
}

function wrongLiteral(question: {
  change: AppliedChange;
  document: AppliedDocument;
  fresh: ApplyPlanDocument;
}): string[] {
  const { change, document, fresh } = question;
  const metric = fresh.stages
    .find(({ stage_key: key }) => key === change.stage_key)
    ?.metrics.find(({ metric_key: key }) => key === change.metric_key);
  const wanted = document.undone === null ? change.new_text : change.old_text;
  const name = `${change.stage_key}.${change.metric_key}`;
  if (metric?.current_text !== wanted) {
    return [`${name} should read ${wanted}, but reads ${metric?.current_text ?? 'nothing'}`];
  }
  const mustEqual = document.undone === null && !change.custom;
  return mustEqual && metric.direction !== 'equal'
    ? [`a fresh plan says ${metric.direction} for ${name}`]
    : [];
}
