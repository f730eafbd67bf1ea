import { concerns } from '../selection/selection-warnings.ts';

/**
 * Why the precheck may not be skipped, null when it may: recognition tests are the ones whose numbers a wrong
 * environment changes without a failure (spec 06 §15).
 *
 * @param tests paths of the selected test files
 */
export function skipRefusal(tests: readonly string[]): string | null {
  const asr = [...new Set(tests)].filter((test) => concerns({ test }, 'asr'));
  return asr.length === 0
    ? null
    : `--skip-precheck is refused while ASR stages are selected (${asr.join(', ')})`;
}
