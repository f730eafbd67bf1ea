import type { AppliedDocument } from '../domain/apply/applied-document.ts';
import { CalibError } from '../domain/calib-error.ts';
import { environmentFactsSchema } from '../domain/fingerprint/environment.ts';
import type { RequiredEnvironment } from '../domain/pool/pool.ts';
import { redactSecrets } from '../domain/secrets/redact-secrets.ts';
import { messageOf, utcTimestamp } from '../domain/text.ts';
import { checkApplied } from '../host/apply/check-applied.ts';
import { readApplyJournal } from '../host/apply/journal.ts';
import { type ApplyResult, runApply, type RunApplyOptions } from '../host/apply/run-apply.ts';
import { readSessionEnvironment } from '../host/fingerprint/environment-file.ts';
import { writeFileAtomic } from '../host/run-directory/files.ts';
import { appendRunLog } from '../host/run-directory/logs/run-log.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readPreviousReport } from '../host/run-directory/report/read-previous-report.ts';
import { readReportFacts } from '../host/run-directory/report/report-facts.ts';
import { readRunDirectory, readStagesText } from '../host/run-directory/stages-copy.ts';
import { appliedSummary } from '../report/applied-changes.ts';
import { renderReports } from '../report/render-reports.ts';
import type { ApplyInput, ApplyOutcome, ReportOutcome } from './activity-types.ts';
import { isTransient } from './failures.ts';
import { orGone, readSessionFiles } from './repeat/repeat.ts';

/** Writes `report.md` and `report.html` of a ready directory, or says what stands in the way. */
export async function writeReport(runDir: string): Promise<ReportOutcome> {
  const snapshot = await orGone(runDir, readRunDirectory(runDir));
  const { facts } = await readReportFacts({
    snapshot,
    repoRoot: snapshot.plan.repo_root ?? null,
    now: utcTimestamp(new Date()),
  });
  const rendered = renderReports(facts, await readPreviousReport(runDir));
  if (rendered.kind === 'refused') return rendered;
  await writeFileAtomic(runPaths.report(runDir), rendered.markdown);
  await writeFileAtomic(runPaths.htmlReport(runDir), rendered.html);
  return { kind: 'written', report: runPaths.report(runDir), html: runPaths.htmlReport(runDir) };
}

/**
 * Carries the operator's decision out: edits the literals, all files or none, looks again, and writes the
 * reports with the applied changes. Twice equals once. A refusal has written nothing; once the files are changed
 * nothing refuses any more, it only adds to the summary.
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
    if (isTransient(error)) {
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
      if (isTransient(error)) {
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

/**
 * What other hosts of a pool are held against before they take a session's repeats.
 *
 * @param runDir the session's run directory, absolute
 * @throws CalibError when nothing is recorded of the environment, or the definitions are not those of the plan
 */
export async function readStandard(runDir: string): Promise<RequiredEnvironment> {
  const { plan } = await readSessionFiles(runDir);
  const recorded = await readSessionEnvironment(runDir);
  if (recorded === null) {
    throw new CalibError('refused', `${runPaths.environment(runDir)} is not there`, {
      remedy:
        'resume the session on its home host, whose precheck records it; other hosts are held against it',
    });
  }
  return {
    environment: environmentFactsSchema.parse(recorded.facts),
    stages_yaml_sha256: (await readStagesText(runDir, plan)).sha256,
  };
}
