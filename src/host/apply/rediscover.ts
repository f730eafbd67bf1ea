import { isAbsolute, relative } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { ModelConfig } from '../../domain/catalog/model-config.ts';
import { utcTimestamp } from '../../domain/clock.ts';
import { describeFinding } from '../../domain/discovery/finding.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { openCatalog } from '../catalog/open-catalog.ts';
import { discoverModel } from '../discovery/discover-model.ts';
import { updateStagesFile } from '../discovery/update-stages-file.ts';
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
 * Runs discovery for a session's model and writes its `stages.yaml`, so that its hashes are those of the changed files. A
 * catalog that cannot be read or written is told, not thrown.
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
  const { plan, repoRoot, config, shown, now } = discovery;
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
