import type { Command } from 'commander';

import { addExamples } from './examples.ts';
import {
  addSharedOptions,
  createContext,
  sharedOptionValues,
  type CliContext,
  type SharedOptionValues,
} from './options.ts';
import { answer, answerJson, warn } from './output.ts';
import { runDirOption } from './run-dir-option.ts';

interface ReportOptions {
  runDir: string;
  compare?: string;
}

/** `report`: writes `report.md` and `report.html`, or refuses (spec 06 §6, §14). */
export function register(program: Command): void {
  const command = program
    .command('report')
    .description('Write report.md and report.html of a finished run directory, or refuse and say why.')
    .addOption(runDirOption())
    .option('--compare <old-run-dir>', 'add the changes since an earlier calibration')
    .action(async (options: ReportOptions, self: Command) =>
      writeReport(options, createContext(self), sharedOptionValues(self)),
    );
  addSharedOptions(command, ['repo-root', 'catalog', 'json']);
  addExamples(command, [
    'calib report --run-dir .tune-runs/20260423T050000Z_mmsu_r3',
    'calib report --run-dir .tune-runs/20260501T050000Z_mmsu --compare .tune-runs/20260423T050000Z_mmsu_r3',
  ]);
}

async function writeReport(
  { runDir, compare }: ReportOptions,
  context: CliContext,
  shared: SharedOptionValues,
): Promise<void> {
  const { readRunDirectory } = await import('../host/run-directory/read-run-directory.ts');
  const { readRepoRoot } = await import('../host/run-directory/read-repo-root.ts');
  const { evidencePatterns } = await import('./evidence-patterns.ts');
  const { writeReportFiles } = await import('./write-report-files.ts');
  const snapshot = await readRunDirectory(runDir);
  const given = shared.repoRoot ?? process.env['TUNE_REPO_ROOT'];
  const repoRoot = await readRepoRoot({ runDir, plan: snapshot.plan, given });
  const evidence = await evidencePatterns(context, snapshot.plan);
  const extraSections: string[] = [];
  if (compare !== undefined) {
    const { compareSessions } = await import('./compare-sessions.ts');
    extraSections.push(await compareSessions({ snapshot, beforeRunDir: compare, repoRoot }));
  }
  const written = await writeReportFiles({ snapshot, repoRoot, evidence, extraSections });
  for (const warning of written.warnings) {
    warn(warning);
  }
  if (shared.json === true) {
    answerJson(written);
  } else {
    answer(`report written to ${written.report}`);
  }
}
