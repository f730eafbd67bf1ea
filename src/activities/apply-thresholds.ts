import type { AppliedDocument } from '../domain/apply/applied-document.ts';
import { messageOf } from '../domain/message-of.ts';
import { redactSecrets } from '../domain/secrets/redact-secrets.ts';
import { readApplyJournal } from '../host/apply/apply-journal.ts';
import { checkApplied } from '../host/apply/check-applied.ts';
import { runApply } from '../host/apply/run-apply.ts';
import type { ApplyResult, RunApplyOptions } from '../host/apply/run-apply.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { appendRunLog } from '../host/run-directory/run-log.ts';
import { appliedSummary } from '../report/applied-summary.ts';
import type { ApplyInput, ApplyOutcome } from './activity-types.ts';
import { mayPass } from './storage-failure.ts';
import { writeReport } from './write-report.ts';

/**
 * Carries the operator's decision out (spec 06 §11): edits the literals, all files or none, looks again, and writes the
 * reports with the applied changes. Twice equals once. A refusal has written nothing; once the files are changed nothing
 * refuses any more, it only adds to the summary.
 *
 * @throws what may pass by itself (a full disk): to be called again
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
  const result = await applyOrRefuse({ runDir, mode, decide, commandId, now });
  if (result.kind === 'refused') {
    return result;
  }
  const summary = await lookAgain(runDir, result.document, now);
  return { kind: 'applied', edits: result.document.edits, summary };
}

/** What no retry cures must not be retried for ever: while a session applies, it cannot be aborted. */
async function applyOrRefuse(options: RunApplyOptions): Promise<ApplyResult> {
  try {
    return await runApply(options);
  } catch (error) {
    if (mayPass(error)) {
      throw error;
    }
    const journal = await readApplyJournal(options.runDir).catch(() => null);
    const isPending = journal?.state === 'committed' || journal?.state === 'reverting';
    const folder = runPaths.applyFolder(options.runDir);
    const pending = isPending ? `; some files may be changed: the old ones are in ${folder}` : '';
    return { kind: 'refused', reason: `${redactSecrets(messageOf(error))}${pending}` };
  }
}

/** The check, the reports and the log after the files were changed. */
async function lookAgain(runDir: string, applied: AppliedDocument, now: Date): Promise<string[]> {
  let document = applied;
  const failures: string[] = [];
  const step = async (work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      if (mayPass(error)) {
        throw error;
      }
      failures.push(`warning: ${redactSecrets(messageOf(error))}`);
    }
  };
  if (applied.edits > 0) {
    await step(async () => {
      document = await checkApplied({ runDir, document: applied, now });
    });
  }
  await step(async () => {
    const report = await writeReport(runDir);
    if (report.kind === 'refused') {
      failures.push(`warning: the report was not written again: ${report.reason}`);
    }
  });
  await step(async () => await appendRunLog(runDir, appliedSummary(document), now));
  return [...appliedSummary(document), ...failures];
}
