import type { RunSnapshot } from '../domain/audit/run-snapshot.ts';
import { CalibError } from '../domain/calib-error.ts';
import { utcTimestamp } from '../domain/clock.ts';
import type { EvidencePattern } from '../domain/evidence/log-evidence.ts';
import { runPaths } from '../host/run-directory/paths.ts';
import { readPreviousReport } from '../host/run-directory/read-previous-report.ts';
import { readReportFacts } from '../host/run-directory/read-report-facts.ts';
import { writeFileAtomic } from '../host/run-directory/write-atomic.ts';
import { renderReports } from '../report/render-reports.ts';

export interface WriteReportFilesRequest {
  snapshot: RunSnapshot;
  /** Absolute path of the checkout; null when unknown. */
  repoRoot: string | null;
  evidence?: readonly EvidencePattern[];
  /** Sections before the provenance. */
  extraSections?: readonly string[];
}

export interface WrittenReport {
  report: string;
  html: string;
  /** What could not be read and is `?` in the report. */
  warnings: string[];
}

/**
 * Writes `report.md` and `report.html` of a run directory.
 *
 * @throws CalibError `not-ready` with `refusing report — …` when the gate does not open (spec 06 §6)
 */
export async function writeReportFiles(request: WriteReportFilesRequest): Promise<WrittenReport> {
  const { snapshot, repoRoot, evidence, extraSections } = request;
  const runDir = snapshot.run_dir;
  const now = utcTimestamp(new Date());
  const patterns = evidence === undefined ? {} : { evidence };
  const { facts, warnings } = await readReportFacts({ snapshot, repoRoot, now, ...patterns });
  facts.extra_sections.push(...(extraSections ?? []));
  const rendered = renderReports(facts, await readPreviousReport(runDir));
  if (rendered.kind === 'refused') throw new CalibError('not-ready', rendered.reason);
  const [report, html] = [runPaths.report(runDir), runPaths.htmlReport(runDir)];
  await writeFileAtomic(report, rendered.markdown);
  await writeFileAtomic(html, rendered.html);
  return { report, html, warnings };
}
