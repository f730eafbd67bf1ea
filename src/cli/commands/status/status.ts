import type { Command } from 'commander';

import type { BudgetFact } from '../../../domain/audit/status-document.ts';
import { CalibError } from '../../../domain/calib-error.ts';
import type { Plan } from '../../../domain/session/session-plan.ts';
import { exitCode, exitCodeOf } from '../../exit-code.ts';
import { addExamples, answerJson } from '../../output.ts';
import { addRunArguments, type GivenRun, givenRunDirectory } from '../../session/run-arguments.ts';
import { addSharedOptions, createContext, type CliContext } from '../../options.ts';

/** `status`: what a run directory and this machine say at this moment, always JSON. */
export function register(program: Command): void {
  const command = program
    .command('status')
    .description('Print a JSON snapshot of a run directory; exit 0 only when complete and strict-complete.')
    .action(async (reference: string | undefined, options: { runDir?: string }, self: Command) =>
      printStatus(createContext(self), { reference, runDir: options.runDir }),
    );
  addRunArguments(command);
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, ['calib status latest', 'calib status .tune-runs/20260423T050000Z_mmsu_r3']);
}

async function printStatus(context: CliContext, given: GivenRun): Promise<void> {
  const { readRunDirectory } = await import('../../../host/run-directory/stages-copy.ts');
  const { matrixFromSnapshot } = await import('../../../domain/audit/matrix.ts');
  const { statusDocument, statusIsReady } = await import('../../../domain/audit/status-document.ts');
  const { readRunLogTail } = await import('../../../host/run-directory/logs/run-log.ts');
  const { readGpuFacts } = await import('../../../host/gpu/gpus.ts');
  const { readActiveRuns } = await import('../../../host/run-directory/logs/launches.ts');
  const { recordedHalt } = await import('../../../domain/audit/recorded-halt.ts');
  const { utcTimestamp } = await import('../../../domain/text.ts');
  const now = new Date();
  try {
    const runDir = await givenRunDirectory(context, given);
    const snapshot = await readRunDirectory(runDir);
    const runLog = await readRunLogTail(runDir);
    const document = statusDocument(matrixFromSnapshot(snapshot), {
      run_dir: runDir,
      now: utcTimestamp(now),
      ...(await readGpuFacts()),
      run_log: runLog,
      state: 'offline',
      active: await readActiveRuns(runDir, now.getTime()),
      halt: recordedHalt(runLog),
      budget: budgetOf(snapshot.plan),
      eta_s: null,
    });
    answerJson(document);
    process.exitCode = statusIsReady(document) ? exitCode.done : exitCode.notReady;
  } catch (error) {
    // A reader of this command expects JSON also for a directory that is no session, and where there is none.
    if (error instanceof CalibError && (error.code === 'not-ready' || error.code === 'unreachable')) {
      answerJson({ error: error.message });
      process.exitCode = exitCodeOf(error.code);
      return;
    }
    throw error;
  }
}

/** The limits that the plan records; how much of them is spent only the running session knows. */
function budgetOf({ policies }: Plan): BudgetFact | null {
  return policies === undefined
    ? null
    : {
        attempts_per_pass: policies.attempts_per_pass,
        max_passes: policies.max_passes,
        pass: null,
        launches: null,
      };
}
