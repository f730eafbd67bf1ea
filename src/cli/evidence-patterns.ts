import { messageOf } from '../domain/message-of.ts';
import type { Plan } from '../domain/plan/plan.ts';
import type { EvidencePattern } from '../domain/evidence/log-evidence.ts';
import type { CliContext } from './options.ts';
import { warn } from './output.ts';

/**
 * The patterns to look for in a session's logs (spec 06 §14): those that its plan records, else (directories of the
 * original tool, older plans) those that the catalog has for its model today. A directory can be reported without a
 * catalog that knows the model; then nothing is looked for.
 */
export async function evidencePatterns(
  context: CliContext,
  plan: Pick<Plan, 'model' | 'evidence'>,
): Promise<EvidencePattern[]> {
  if (plan.evidence !== undefined) return plan.evidence;
  try {
    const catalog = await context.catalog();
    if (!catalog.modelNames.includes(plan.model)) return [];
    return (await catalog.loadModel(plan.model)).config.evidence;
  } catch (error) {
    warn(`no evidence patterns for ${plan.model}: ${messageOf(error)}`);
    return [];
  }
}
