import { utcTimestamp } from '../domain/clock.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readPreviousReport } from '../host/run-directory/read-previous-report.ts';
import { readReportFacts } from '../host/run-directory/read-report-facts.ts';
import { readRunDirectory } from '../host/run-directory/read-run-directory.ts';
import { writeFileAtomic } from '../host/run-directory/write-atomic.ts';
import { renderReports } from '../report/render-reports.ts';
import type { ReportOutcome } from './activity-types.ts';
import { orGone } from './session-files.ts';

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
