import { checkApplied } from '../host/apply/check-applied.ts';
import { runApply } from '../host/apply/run-apply.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import { appliedSummary } from '../report/applied-summary.ts';
import type { ApplyInput, ApplyOutcome } from './activity-types.ts';
import { writeReport } from './write-report.ts';

/**
 * Carries the operator's decision out (spec 06 §11): edits the literals, all files or none, looks again, and writes the
 * reports with the applied changes. Twice equals once. A refusal has written nothing; once the files are changed nothing
 * refuses any more, it only adds to the summary.
 *
 * @throws CalibError `not-ready` when a disk refuses: to be called again
 */
export async function applyThresholds(input: ApplyInput): Promise<ApplyOutcome> {
  const { run_dir: runDir, mode, decide, command_id: commandId } = input;
  if (mode === 'report') {
    const given = Object.keys(decide);
    return given.length === 0
      ? { kind: 'applied', edits: 0, summary: ['report only: no file edited'] }
      : {
          kind: 'refused',
          reason: `mode report edits nothing, but there are decisions for ${given.join(', ')}`,
        };
  }
  const now = new Date();
  const result = await runApply({ runDir, mode, decide, commandId, now });
  if (result.kind === 'refused') {
    return result;
  }
  const document =
    result.document.edits === 0
      ? result.document
      : await checkApplied({ runDir, document: result.document, now });
  const report = await writeReport(runDir);
  const summary = [
    ...appliedSummary(document),
    ...(report.kind === 'written' ? [] : [`warning: the report was not written again: ${report.reason}`]),
  ];
  await appendRunLog(runDir, summary, now);
  return { kind: 'applied', edits: document.edits, summary };
}
