import { CalibError } from '../../domain/calib-error.ts';
import { utcTimestamp } from '../../domain/clock.ts';
import { describeFinding } from '../../domain/discovery/finding.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { openCatalog } from '../catalog/open-catalog.ts';
import { discoverModel } from '../discovery/discover-model.ts';
import { updateStagesFile } from '../discovery/update-stages-file.ts';

export interface Rediscovery {
  /** The model's `stages.yaml` is up to date. */
  ok: boolean;
  /** Absolute path of it; null when the catalog could not be read. */
  file: string | null;
  /** What is discovered now; null when nothing could be. */
  stages: StageDefinition[] | null;
  /** One sentence. */
  lines: string[];
}

/**
 * Runs discovery for a session's model and writes its `stages.yaml`, so that its hashes are those of the changed files.
 * A catalog that cannot be read or written is told, not thrown.
 */
export async function rediscover(question: {
  plan: Plan;
  repoRoot: string;
  now: Date;
}): Promise<Rediscovery> {
  const { plan, repoRoot, now } = question;
  let file: string | null = null;
  try {
    const catalog = await openCatalog(plan.catalog_dir ?? '');
    const { config } = await catalog.loadModel(plan.model);
    file = catalog.stagesPath(plan.model);
    const written = await write({ repoRoot, config, file, now });
    if ('cannot' in written) {
      const { stages } = await discoverModel({ repoRoot, config, discoveredAt: utcTimestamp(now) });
      return { ok: false, file, stages, lines: [stale(file, written.cannot, plan.model)] };
    }
    const { outcome, discovery } = written;
    const errors = discovery.findings.filter(({ severity }) => severity === 'error').map(describeFinding);
    return outcome === 'refused'
      ? { ok: false, file, stages: null, lines: [stale(file, errors.join('; '), plan.model)] }
      : {
          ok: true,
          file,
          stages: discovery.stages,
          lines: [`discovery ran again: ${file} is ${wordFor(outcome)}`],
        };
  } catch (error) {
    if (!(error instanceof CalibError)) {
      throw error;
    }
    return { ok: false, file, stages: null, lines: [stale(file, error.message, plan.model)] };
  }
}

async function write(question: {
  repoRoot: string;
  config: Parameters<typeof updateStagesFile>[0]['config'];
  file: string;
  now: Date;
}): Promise<Awaited<ReturnType<typeof updateStagesFile>> | { cannot: string }> {
  const { repoRoot, config, file, now } = question;
  try {
    return await updateStagesFile({ repoRoot, config, output: file, stage: null, checkOnly: false, now });
  } catch (error) {
    if (error instanceof CalibError && error.code === 'not-ready') {
      return { cannot: error.message };
    }
    throw error;
  }
}

function wordFor(outcome: 'written' | 'unchanged' | 'stale'): string {
  return outcome === 'unchanged' ? 'unchanged' : 'up to date';
}

function stale(file: string | null, reason: string, model: string): string {
  return `${file ?? 'stages.yaml'} still has the old hashes: ${reason}; run calib discover --model ${model}`;
}
