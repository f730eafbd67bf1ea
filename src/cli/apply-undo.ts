import { CalibError } from '../domain/calib-error.ts';
import { readApplied } from '../host/apply/applied-file.ts';
import { checkApplied } from '../host/apply/check-applied.ts';
import { undoApply } from '../host/apply/undo-apply.ts';
import { readRunDirectory } from '../host/run-directory/read-run-directory.ts';
import { askConfirmation, processTerminal } from './apply-prompts.ts';
import { exitCode } from './exit-code.ts';
import { locateRunDirectory } from './locate-run-directory.ts';
import type { CliContext } from './options.ts';
import { answer, answerJson, note, warn } from './output.ts';
import { writeReportFiles } from './write-report-files.ts';

/**
 * Restores the files that a session's apply edited, where each is still as calib left it, and says so in the report. Works
 * from the run directory alone: the session has ended by then.
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
  if (context.json) {
    answerJson({ session, undone: document.undone, files, again: undone.again });
    return;
  }
  for (const file of files) answer(`restored ${file}`);
  if (undone.again) note(`they were restored before, at ${document.undone?.at ?? '?'}`);
  for (const line of document.undone?.check?.lines ?? []) note(line);
  if (document.undone?.check?.ok === false) warn('the check after the undo did not pass');
}
