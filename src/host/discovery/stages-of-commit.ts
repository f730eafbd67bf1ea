import { CalibError } from '../../domain/calib-error.ts';
import type { ModelConfig } from '../../domain/catalog/model-config.ts';
import type { HostDevice } from '../../domain/discovery/candidates/device-row.ts';
import { describeFinding } from '../../domain/discovery/finding.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { shapeDifferences } from '../../domain/stages/stages-shape.ts';
import { renderStagesYaml } from '../../domain/stages/stages-yaml.ts';
import { readCatalogStages } from '../catalog/catalog-stages.ts';
import { sha256Of } from '../run-directory/files.ts';
import { discoverModel } from './discover-model.ts';

const sessionHeader = "# The session's stages, as calib discovered them at its commit; do not edit.";

/** The stages of a model as they are at the checkout's commit, and as a run directory keeps them. */
export interface StagesOfCommit {
  /** In emission order. */
  stages: StageDefinition[];
  /** The `stages.yaml` of a run directory: equal for equal test files and config, on every host. */
  text: string;
  /** Of its bytes, hex. */
  sha256: string;
}

/**
 * Discovers a model's stages in a checkout, in memory.
 *
 * @param question `repoRoot` is absolute; `device` whose rows of tables by device count
 * @throws CalibError `invalid-input` when there is no such checkout, or naming every file and key that is wrong
 */
export async function stagesOfCommit(question: {
  repoRoot: string;
  config: ModelConfig;
  device?: HostDevice | null;
}): Promise<StagesOfCommit> {
  const { repoRoot, config, device = null } = question;
  const { stages, findings } = await discoverModel({ repoRoot, config, host: device, discoveredAt: '' });
  const errors = findings.filter(({ severity }) => severity === 'error').map(describeFinding);
  if (errors.length > 0) {
    throw new CalibError(
      'invalid-input',
      `the stages of model ${config.name} cannot be discovered:\n  ${errors.join('\n  ')}`,
      { remedy: `correct what is named; \`calib discover --model ${config.name}\` says more` },
    );
  }
  const text = renderStagesYaml(stages, sessionHeader);
  return { stages, text, sha256: sha256Of(Buffer.from(text)) };
}

/**
 * Holds discovered stages against the catalog's lock of their shape, where there is one.
 *
 * @param question `file` is the absolute path of the model's `stages.yaml`
 * @throws CalibError `invalid-input` with one line for each stage that differs
 */
export async function requireLockedShape(question: {
  file: string;
  model: string;
  stages: readonly StageDefinition[];
}): Promise<void> {
  const { file, model, stages } = question;
  const recorded = await readCatalogStages(file);
  if (recorded?.isLock !== true) return;
  const differences = shapeDifferences(recorded.stages, stages);
  if (differences.length === 0) return;
  throw new CalibError(
    'invalid-input',
    `the stages of this commit are not those that ${file} locks:\n  ${differences.join('\n  ')}`,
    { remedy: `review them and lock them anew: calib discover --model ${model}` },
  );
}
