import type { Command } from 'commander';

import { addExamples } from '../../output.ts';
import { exitCode } from '../../output.ts';
import { addSharedOptions, sharedOptionValues } from '../../options.ts';
import { answer, answerJson } from '../../output.ts';
import { runDirOption } from '../../output.ts';

/** `strict-audit`: the strict matrix and git provenance of a run directory. */
export function register(program: Command): void {
  const command = program
    .command('strict-audit')
    .description(
      'Print the strict matrix of a run directory; exit 0 only when metrics and provenance are ready.',
    )
    .addOption(runDirOption())
    .action(async (options: { runDir: string }, self: Command) =>
      printStrictAudit(options.runDir, sharedOptionValues(self).json === true),
    );
  addSharedOptions(command, ['json']);
  addExamples(command, [
    'calib strict-audit --run-dir .tune-runs/20260423T050000Z_mmsu_r3',
    'calib strict-audit --run-dir .tune-runs/20260423T050000Z_mmsu_r3 --json',
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
