import { existsSync } from 'node:fs';

import { loadStages } from './load-stages.ts';
import type { Catalog } from './open-catalog.ts';

export interface ModelDescription {
  name: string;
  description: string | null;
  /** Null for a suite that needs no model of a hub. */
  hf_model_id: string | null;
  /** Null when `stages.yaml` does not exist yet. */
  stage_count: number | null;
}

/**
 * The `--json` answer of `models-list` (spec 03 §8), in catalog order.
 *
 * @throws CalibError `invalid-input` for an invalid config or `stages.yaml`
 */
export async function describeModels(catalog: Catalog): Promise<ModelDescription[]> {
  return Promise.all(
    catalog.modelNames.map(async (name) => {
      const { config } = await catalog.loadModel(name);
      const discovered = existsSync(catalog.stagesPath(name));
      return {
        name,
        description: config.description ?? null,
        hf_model_id: config.hf_model_id ?? null,
        stage_count: discovered ? (await loadStages(catalog, name)).stages.length : null,
      };
    }),
  );
}
