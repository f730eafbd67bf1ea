import type { Plan } from '../../domain/session/session-plan.ts';
import { openCatalog } from '../catalog/open-catalog.ts';
import { stagesOfCommit, type StagesOfCommit } from './stages-of-commit.ts';

/**
 * The stages of a session's model in a checkout as it is now, discovered in memory as the session discovers: with the
 * catalog's present config, for the plan's device, by the plan's reading of names.
 *
 * @throws CalibError for a catalog, a config or test files that cannot be read
 */
export async function stagesOfPlan(
  plan: Pick<Plan, 'catalog_dir' | 'model' | 'device' | 'compat'>,
  repoRoot: string,
): Promise<StagesOfCommit> {
  const { config } = await (await openCatalog(plan.catalog_dir ?? '')).loadModel(plan.model);
  return await stagesOfCommit({
    repoRoot,
    config: { ...config, compat: plan.compat },
    device: plan.device ?? null,
  });
}
