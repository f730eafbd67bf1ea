import { readFile } from 'node:fs/promises';

import { CalibError } from '../../domain/calib-error.ts';
import type { StageDefinition } from '../../domain/stages/stage.ts';
import { parseStagesYaml, stagesFormat } from '../../domain/stages/stages-yaml.ts';
import { hasCode } from '../run-directory/files.ts';

/** What a catalog's `stages.yaml` says of a model. */
export interface CatalogStages {
  stages: StageDefinition[];
  /** A file of calib's with a schema locks the shape of the stages; others, such as the original's, are information. */
  isLock: boolean;
}

/**
 * A model's `stages.yaml` in the catalog; null where there is none.
 *
 * @param file absolute
 * @throws CalibError `invalid-input` for a file that cannot be read or understood
 */
export async function readCatalogStages(file: string): Promise<CatalogStages | null> {
  try {
    const text = await readFile(file, 'utf8');
    return { stages: parseStagesYaml(text, file), isLock: stagesFormat(text) === 'current' };
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return null;
    if (cause instanceof CalibError) throw cause;
    throw new CalibError('invalid-input', `${file}: cannot be read`, {
      remedy: 'check its permissions',
      cause,
    });
  }
}
