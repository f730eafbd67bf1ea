import { readiness, reportRefusal } from '../domain/audit/strict-audit.ts';
import type { ReportFacts } from '../domain/report/facts.ts';
import { harmlessMarkdown } from '../domain/untrusted/markdown-text.ts';
import { htmlReport } from './html-report.ts';
import { markdownReport } from './markdown-report.ts';

export type RenderedReports =
  | { kind: 'rendered'; markdown: string; html: string }
  /** `refusing report — …`, evidence on further lines. */
  | { kind: 'refused'; reason: string };

/**
 * Both reports of a session, or why there must be none: the one door to a report for every caller.
 *
 * @param previous the present `report.md`, whose applied changes are kept; null when there is none
 */
export function renderReports(facts: ReportFacts, previous: string | null): RenderedReports {
  const refusal = reportRefusal(readiness(facts.snapshot));
  if (refusal !== null) {
    return { kind: 'refused', reason: refusal };
  }
  const markdown = harmlessMarkdown(markdownReport(facts, previous));
  return { kind: 'rendered', markdown, html: htmlReport(facts, markdown) };
}
