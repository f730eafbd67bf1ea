import type { CheckId, CheckMark, CheckResult } from './check-result.ts';

/** A gate of the precheck runbook (spec 04 §10) as `precheck.json` records it. */
export interface GateFact {
  gate: string;
  title: string;
  mark: CheckMark;
  checks: CheckId[];
}

const gates: readonly [gate: string, title: string, checks: CheckId[] | 'all'][] = [
  ['0', 'scope', ['model']],
  ['0a', 'fresh or resume', ['git']],
  ['1', 'host profile', ['host']],
  ['2', 'repository, venv, pins', ['repository', 'interpreter', 'pins', 'install', 'imports']],
  ['3', 'slice directories', ['environment', 'slice']],
  ['4', 'GPUs idle', ['gpus']],
  ['5', 'weights and datasets', ['assets']],
  ['6', 'speaker similarity', ['speaker_sim']],
  ['7', 'capabilities', ['capabilities']],
  ['8', 'precheck as a whole', 'all'],
  // Run on request, outside of any session; a program cannot decide it.
  ['9', 'smoke test', []],
];

/** The runbook's gates over the results of the checks: `✗` if any failed, `·` if none applied. */
export function judgeGates(results: readonly CheckResult[]): GateFact[] {
  return gates.map(([gate, title, checks]) => {
    const of = results.filter(({ id }) => checks === 'all' || checks.includes(id));
    const failed = of.some(({ mark }) => mark === '✗');
    const passed = of.some(({ mark }) => mark === '✓');
    return {
      gate,
      title,
      mark: failed ? '✗' : passed ? '✓' : '·',
      checks: of.map(({ id }) => id),
    };
  });
}
