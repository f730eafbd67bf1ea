import { checkResult, type CheckResult } from './check-result.ts';
import type { PrecheckRequirements } from './requirements.ts';

/** What is about to be checked, and whether the catalog can be calibrated as a whole (spec 04 §10 gate 0). */
export function judgeScope(
  model: string,
  { host, warnings, preset_problems: problems }: PrecheckRequirements,
): CheckResult {
  const handoff = [
    ...(host?.goal ? [`handoff goal: ${host.goal}`] : []),
    ...(host?.run_dirs ?? []).map((runDir) => `handoff run directory: ${runDir}`),
  ];
  return checkResult({
    id: 'model',
    lines: [`model: ${model}`, ...handoff],
    warnings,
    errors: problems.map((message) => ({ message, remedies: [`calib discover --model ${model}`] })),
  });
}
