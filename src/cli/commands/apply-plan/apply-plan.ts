import type { Command } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import { exitCode } from '../../exit-code.ts';
import { addExamples, answerJson, warn } from '../../output.ts';
import { addRunArguments, givenRunDirectory } from '../../session/run-arguments.ts';
import { addSharedOptions, createContext, sharedOptionValues } from '../../options.ts';

/** `apply-plan`: what an apply would write, read-only JSON. */
export function register(program: Command): void {
  const command = program
    .command('apply-plan')
    .description('Print as JSON what an apply would write, or why there must be none. Writes nothing.')
    .action(async (reference: string | undefined, options: { runDir?: string }, self: Command) => {
      const runDir = await givenRunDirectory(createContext(self), { reference, runDir: options.runDir });
      await printApplyPlan(runDir, sharedOptionValues(self).repoRoot);
    });
  addRunArguments(command);
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, ['calib apply-plan latest', 'calib apply-plan .tune-runs/20260423T050000Z_mmsu_r3']);
}

/**
 * Prints the apply plan of a run directory and sets the exit code: 0 for a plan, 1 for a refusal.
 *
 * @param givenRoot `--repo-root`, if given
 */
export async function printApplyPlan(runDir: string, givenRoot?: string): Promise<void> {
  const { readRunDirectory } = await import('../../../host/run-directory/stages-copy.ts');
  const { readCheckedPlan } = await import('../../../host/evidence/read-evidence.ts');
  const { readRepoRoot } = await import('../../../host/run-directory/report/report-facts.ts');
  const { isRefusal } = await import('../../../domain/apply/apply-plan-document.ts');
  const { applyRefusal } = await import('../../../domain/apply/apply-refusal.ts');
  const { readiness } = await import('../../../domain/audit/strict-audit.ts');
  const { sessionCommit } = await import('../../../domain/session/session-plan.ts');
  const snapshot = await readRunDirectory(runDir);
  const given = givenRoot ?? process.env['TUNE_REPO_ROOT'];
  const repoRoot = await readRepoRoot({ runDir, plan: snapshot.plan, given });
  if (repoRoot === null) {
    const commit = sessionCommit(snapshot.plan);
    const refusal = applyRefusal({ state: readiness(snapshot), commit, head: commit });
    if (refusal !== null) {
      answerJson(refusal);
      process.exitCode = exitCode.notReady;
      return;
    }
    throw new CalibError('invalid-input', `the checkout of ${runDir} is not known`, {
      remedy: 'give it with --repo-root DIR or TUNE_REPO_ROOT',
    });
  }
  const document = await readCheckedPlan({ snapshot, repoRoot });
  answerJson(document);
  if (isRefusal(document)) {
    process.exitCode = exitCode.notReady;
    return;
  }
  for (const warning of document.stages.flatMap((stage) => stage.warnings)) {
    warn(warning);
  }
}
