import { type Command, Option } from 'commander';

import { CalibError } from '../../../domain/calib-error.ts';
import type { ApplyMode } from '../../../domain/session/session-state.ts';
import { checkApplied } from '../../../host/apply/check-applied.ts';
import { readApplied, undoApply } from '../../../host/apply/run-apply.ts';
import { readRunDirectory } from '../../../host/run-directory/stages-copy.ts';
import { addSharedOptions, type CliContext, createContext } from '../../options.ts';
import { exitCode } from '../../exit-code.ts';
import { addExamples, answer, answerJson, note, parseDecision, warn } from '../../output.ts';
import { locateRunDirectory } from '../../session/locate-run-directory.ts';
import { writeReportFiles } from '../report/report.ts';
import { askConfirmation, processTerminal } from './apply-prompts.ts';

/**
 * Restores the files that a session's apply edited, where each is still as calib left it, and says so in the report. Works
 * from the run directory alone: the session has ended by then. A second undo restores nothing and checks again. The exit
 * code is 1 when the check afterwards does not pass.
 *
 * @throws CalibError `refused` with the reason, nothing restored
 */
export async function undoSession(context: CliContext, reference: string, sure: boolean): Promise<void> {
  const { session, runDir } = await locateRunDirectory(context, reference);
  const applied = await readApplied(runDir);
  const files = applied?.files.map(({ file }) => file) ?? [];
  const terminal = processTerminal(context.json);
  if (terminal !== null && !sure && files.length > 0 && applied?.undone === null) {
    note(['to be restored:', ...files.map((file) => `  ${file}`)].join('\n'));
    if (!(await askConfirmation(terminal, 'Restore them as they were before the apply?'))) {
      note('nothing was restored');
      process.exitCode = exitCode.notReady;
      return;
    }
  }
  const now = new Date();
  const undone = await undoApply({ runDir, now });
  if (undone.kind === 'refused') {
    throw new CalibError('refused', `nothing was restored: ${undone.reason}`, {
      remedy: 'what an apply replaced is kept in _apply/before of the run directory',
    });
  }
  const document = await checkApplied({ runDir, document: undone.document, now });
  const snapshot = await readRunDirectory(runDir);
  await writeReportFiles({ snapshot, repoRoot: snapshot.plan.repo_root ?? null });
  if (document.undone?.check?.ok === false) process.exitCode = exitCode.notReady;
  if (context.json) {
    answerJson({ session, undone: document.undone, files, again: undone.again });
    return;
  }
  if (undone.again) answer(`already undone at ${document.undone?.at ?? '?'}: nothing was restored again`);
  else for (const file of files) answer(`restored ${file}`);
  for (const line of document.undone?.check?.lines ?? []) note(line);
  if (document.undone?.check?.ok === false) warn('the check after the undo did not pass');
}

export interface ApplyOptions {
  mode?: ApplyMode;
  decide: Record<string, string>;
  dryRun?: boolean;
  undo?: boolean;
  yes?: boolean;
}

/** `apply`: the interactive form of the apply signal, its dry run, and its undo. */
export function register(program: Command): void {
  const command = program
    .command('apply')
    .description(
      'Decide a session that waits for it: show what its observations say about every literal, ask what only a person can ' +
        'decide, and let the session write the new literals, once. Without a terminal nothing is asked.',
    )
    .argument(
      '<session>',
      'session id, unambiguous prefix, or latest; with --dry-run and --undo also the path of a run directory',
    )
    .addOption(
      new Option(
        '--mode <mode>',
        'report: edit nothing; smart: ask about what loosens; full: apply everything',
      )
        .choices(['report', 'smart', 'full'])
        .conflicts('undo'),
    )
    .addOption(
      new Option(
        '--decide <STAGE.METRIC=…>',
        'keep, apply or a number (NUMBER! for one stricter than observed); may be repeated',
      )
        .argParser(parseDecision)
        .default({}, 'none'),
    )
    .addOption(
      new Option('--dry-run', 'print as a unified diff what would be written, and write nothing').conflicts(
        'undo',
      ),
    )
    .option('--undo', 'restore the files as they were before the apply, also after the session has ended')
    .option('--yes', 'do not ask for confirmation')
    .action(async (reference: string, options: ApplyOptions, self: Command) => {
      const context = createContext(self);
      if (options.undo === true) {
        await undoSession(context, reference, options.yes === true);
      } else if (options.dryRun === true) {
        const { dryRunSession } = await import('./apply-dry-run.ts');
        await dryRunSession(context, reference, options);
      } else {
        const { applySession } = await import('./apply-session.ts');
        await applySession(context, reference, options);
      }
    });
  addSharedOptions(command, ['repo-root', 'any', 'json']);
  addExamples(command, [
    'calib apply latest',
    'calib apply latest --mode smart --decide mmsu_speed.throughput_qps=keep --yes',
    'calib apply latest --mode full --dry-run',
    'calib apply 20260423T050000Z_mmsu_r3 --undo',
  ]);
}
