import { readFile } from 'node:fs/promises';

import { CalibError } from '../../domain/calib-error.ts';
import { parseStagesYaml } from '../../domain/stages/parse-stages-yaml.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { hasCode } from '../files/has-code.ts';
import { sha256Of } from '../files/sha256-of.ts';
import type { Catalog } from './open-catalog.ts';

export interface LoadedStages {
  /** Absolute path of the model's `stages.yaml`. */
  file: string;
  /** SHA-256 (hex) of the file. */
  sha256: string;
  /** In catalog order. */
  stages: StageDefinition[];
}

/**
 * Reads a model's `stages.yaml`.
 *
 * @throws CalibError `invalid-input` for an unknown model, a missing file (naming the discover command, spec 03 §8) or
 * an invalid one
 */
export async function loadStages(catalog: Catalog, model: string): Promise<LoadedStages> {
  const file = catalog.stagesPath(model);
  const bytes = await readFile(file).catch((cause: unknown) => {
    const reason = hasCode(cause, 'ENOENT') ? 'does not exist yet' : 'cannot be read';
    throw new CalibError('invalid-input', `${file}: ${reason}`, {
      remedy: `make it with: calib discover --model ${model}`,
      cause,
    });
  });
  const sha256 = sha256Of(bytes);
  return { file, sha256, stages: parseStagesYaml(bytes.toString('utf8'), file) };
}
