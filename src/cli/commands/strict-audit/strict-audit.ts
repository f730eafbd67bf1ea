import type { Command } from 'commander';

import { exitCode } from '../../exit-code.ts';
import { addExamples, answer, answerJson } from '../../output.ts';
import { addRunArguments, givenRunDirectory } from '../../session/run-arguments.ts';
import { addSharedOptions, createContext } from '../../options.ts';

/** `strict-audit`: the strict matrix and git provenance of a run directory. */
export function register(program: Command): void {
  const command = program
    .command('strict-audit')
    .description(
      'Print the strict matrix of a run directory; exit 0 only when metrics and provenance are ready.',
    )
    .action(async (reference: string | undefined, options: { runDir?: string }, self: Command) => {
      const context = createContext(self);
      const runDir = await givenRunDirectory(context, { reference, runDir: options.runDir });
      await printStrictAudit(runDir, context.json);
    });
  addRunArguments(command);
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, [
    'calib strict-audit latest',
    'calib strict-audit .tune-runs/20260423T050000Z_mmsu_r3 --json',
  ]);
}

async function printStrictAudit(runDir: string, json: boolean): Promise<void> {
  const { readRunDirectory } = await import('../../../host/run-directory/stages-copy.ts');
  const { auditStrict, renderStrictAudit } = await import('../../../domain/audit/strict-audit.ts');
  const document = auditStrict(await readRunDirectory(runDir));
  if (json) {
    answerJson(document);
  } else {
    answer(renderStrictAudit(document));
  }
  const ready = document.strict_complete && document.git_provenance.ok;
  process.exitCode = ready ? exitCode.done : exitCode.notReady;
}
