import type { Command } from 'commander';

import type { RunSnapshot } from '../../../domain/audit/strict.ts';
import { CalibError } from '../../../domain/calib-error.ts';
import { compareRuns, droppedMetrics } from '../../../domain/comparison/compare-runs.ts';
import type { EvidencePattern } from '../../../domain/evidence/log-evidence.ts';
import { type Plan, sessionCommit } from '../../../domain/session/session-plan.ts';
import { messageOf, utcTimestamp } from '../../../domain/text.ts';
import { writeFileAtomic } from '../../../host/run-directory/files.ts';
import { runPaths } from '../../../host/run-directory/paths.ts';
import { readPreviousReport } from '../../../host/run-directory/report/read-previous-report.ts';
import { readCommitRange, readReportFacts } from '../../../host/run-directory/report/report-facts.ts';
import { readRunDirectory } from '../../../host/run-directory/stages-copy.ts';
import { type ComparedSession, comparisonSection } from '../../../report/comparison-section.ts';
import { renderReports } from '../../../report/render-reports.ts';
import {
  addSharedOptions,
  type CliContext,
  createContext,
  sharedOptionValues,
  type SharedOptionValues,
} from '../../options.ts';
import { addExamples, answer, answerJson, warn } from '../../output.ts';
import { addRunArguments, givenRunDirectory } from '../../session/run-arguments.ts';

export interface CompareSessionsOptions {
  snapshot: RunSnapshot;
  /** Directory of the earlier session, as given. */
  beforeRunDir: string;
  /** Absolute path of the checkout; null when unknown. */
  repoRoot: string | null;
}

/**
 * The report's section on what changed since an earlier session.
 *
 * @throws CalibError when the earlier directory is no session
 */
export async function compareSessions(options: CompareSessionsOptions): Promise<string> {
  const { snapshot, beforeRunDir, repoRoot } = options;
  const earlier = await readRunDirectory(beforeRunDir);
  const [before, after] = [comparedSession(earlier), comparedSession(snapshot)];
  const commits = { before: before.commit, after: after.commit };
  const range =
    repoRoot === null
      ? { log: null, stat: null, absent: [] }
      : await readCommitRange({ repoRoot, ...commits });
  return comparisonSection({
    before,
    after,
    metrics: compareRuns(earlier, snapshot),
    dropped: droppedMetrics(earlier, snapshot),
    ...range,
  });
}

function comparedSession({ plan, run_dir }: RunSnapshot): ComparedSession {
  return { commit: sessionCommit(plan), run_dir, repeats: plan.repeats };
}

/**
 * The patterns to look for in a session's logs: those that its plan records, else (directories of the
 * original tool, older plans) those that the catalog has for its model today. A directory can be reported without a
 * catalog that knows the model; then nothing is looked for.
 */
export async function evidencePatterns(
  context: CliContext,
  plan: Pick<Plan, 'model' | 'evidence'>,
): Promise<EvidencePattern[]> {
  if (plan.evidence !== undefined) return plan.evidence;
  try {
    const catalog = await context.catalogUnsaid();
    if (!catalog.modelNames.includes(plan.model)) return [];
    return (await catalog.loadModel(plan.model)).config.evidence;
  } catch (error) {
    warn(`no evidence patterns for ${plan.model}: ${messageOf(error)}`);
    return [];
  }
}

interface ReportOptions {
  runDir?: string;
  compare?: string;
}

/** `report`: writes `report.md` and `report.html`, or refuses. */
export function register(program: Command): void {
  const command = program
    .command('report')
    .description('Write report.md and report.html of a finished run directory, or refuse and say why.')
    .option('--compare <session>', 'add the changes since an earlier calibration (named in the same ways)')
    .action(async (reference: string | undefined, options: ReportOptions, self: Command) =>
      writeReport({ ...options, reference }, createContext(self), sharedOptionValues(self)),
    );
  addRunArguments(command);
  addSharedOptions(command, ['repo-root', 'any', 'catalog', 'json']);
  addExamples(command, [
    'calib report latest',
    'calib report .tune-runs/20260501T050000Z_mmsu --compare .tune-runs/20260423T050000Z_mmsu_r3',
  ]);
}

async function writeReport(
  options: ReportOptions & { reference: string | undefined },
  context: CliContext,
  shared: SharedOptionValues,
): Promise<void> {
  const { readRunDirectory } = await import('../../../host/run-directory/stages-copy.ts');
  const { readRepoRoot } = await import('../../../host/run-directory/report/report-facts.ts');
  const runDir = await givenRunDirectory(context, { reference: options.reference, runDir: options.runDir });
  const snapshot = await readRunDirectory(runDir);
  const given = shared.repoRoot ?? process.env['TUNE_REPO_ROOT'];
  const repoRoot = await readRepoRoot({ runDir, plan: snapshot.plan, given });
  const evidence = await evidencePatterns(context, snapshot.plan);
  const extraSections: string[] = [];
  if (options.compare !== undefined) {
    const beforeRunDir = await givenRunDirectory(context, { reference: undefined, runDir: options.compare });
    extraSections.push(await compareSessions({ snapshot, beforeRunDir, repoRoot }));
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
 * @throws CalibError `not-ready` with `refusing report — …` when the gate does not open
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
