import { orderPlan } from '../../domain/plan/order-plan.ts';
import type { Plan } from '../../domain/plan/plan.ts';
import { runPaths } from './paths.ts';
import { writeJsonAtomic } from './write-atomic.ts';

/**
 * Writes `plan.json`, keys in the order of spec 05 §4. `readPlan` (`read-plan.ts`) is its counterpart.
 *
 * @throws CalibError when the file system refuses.
 */
export async function writePlan(runDir: string, plan: Plan): Promise<void> {
  await writeJsonAtomic(runPaths.plan(runDir), orderPlan(plan));
}
