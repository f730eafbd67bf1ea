import { readFile } from 'node:fs/promises';

import { parseDocument, isMap } from 'yaml';

import type { Catalog } from './open-catalog.ts';

export interface ModelDescription {
  name: string;
  description: string | null;
  hf_model_id: string;
  /** Null when `stages.yaml` does not exist yet or is no map. */
  stage_count: number | null;
}

async function countStages(file: string): Promise<number | null> {
  const yaml = await readFile(file, 'utf8').catch(() => null);
  const contents = yaml === null ? null : parseDocument(yaml).contents;
  return isMap(contents) ? contents.items.length : null;
}

/** The `--json` answer of `models-list` (spec 03 §8), in catalog order. @throws CalibError for an invalid config */
export async function describeModels(catalog: Catalog): Promise<ModelDescription[]> {
  return Promise.all(
    catalog.modelNames.map(async (name) => {
      const { config } = await catalog.loadModel(name);
      return {
        name,
        description: config.description ?? null,
        hf_model_id: config.hf_model_id,
        stage_count: await countStages(catalog.stagesPath(name)),
      };
    }),
  );
}
