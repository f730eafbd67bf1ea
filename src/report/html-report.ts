import { sessionCommit } from '../domain/plan/plan.ts';
import type { ReportFacts } from '../domain/report/report-facts.ts';
import { isDocsStage } from '../domain/stages/stage.ts';
import type { StageDefinition } from '../domain/stages/stage.ts';
import { stageContext } from './markdown-report.ts';
import { metricPanel } from './metric-panel.ts';
import { docsTable } from './metric-table.ts';
import { reportStyle } from './report-style.ts';
import { escapeHtml, sectionHtml } from './section-html.ts';

/**
 * The report as one self-contained HTML file: inline SVG, no script, no request, dark and light (spec 06 §6). The
 * Markdown stays canonical: everything but the stage sections is taken from it.
 *
 * @param markdown the finished `report.md` of the same facts
 */
export function htmlReport(facts: ReportFacts, markdown: string): string {
  const { snapshot } = facts;
  const { header, closing } = splitMarkdown(markdown, snapshot.stages.length);
  const contents = snapshot.stages.map(
    (stage, index) => `<li><a href="#stage-${index + 1}">${escapeHtml(stage.title)}</a></li>`,
  );
  const title = `Calibration of ${snapshot.plan.model} at ${sessionCommit(snapshot.plan).slice(0, 8)}`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>${reportStyle}</style>`,
    '</head>',
    '<body>',
    sectionHtml(header),
    `<p class="verdict">${snapshot.stages.length} stages × ${snapshot.plan.repeats} repeats, every one strict ✓</p>`,
    `<nav aria-label="Stages"><ul>${contents.join('')}</ul></nav>`,
    ...snapshot.stages.map((stage, index) => stageSection({ facts, stage, number: index + 1 })),
    sectionHtml(closing),
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** The Markdown before its first stage and after its last one. */
function splitMarkdown(markdown: string, stages: number): { header: string[]; closing: string[] } {
  const lines = markdown.split('\n');
  const headings = lines.flatMap((line, index) => (line.startsWith('## ') ? [index] : []));
  return { header: lines.slice(0, headings[0]), closing: lines.slice(headings[stages] ?? lines.length) };
}

function stageSection(place: { facts: ReportFacts; stage: StageDefinition; number: number }): string {
  const { facts, stage, number } = place;
  const { plan, cells } = facts.snapshot;
  const files = cells[stage.key] ?? [];
  const body = isDocsStage(stage)
    ? [sectionHtml(docsTable({ files, repeats: plan.repeats }))]
    : Object.entries(stage.metrics).map(([key, metric]) => {
        const current = facts.thresholds.find(
          (threshold) => threshold.stage_key === stage.key && threshold.metric_key === key,
        );
        return metricPanel({
          stage,
          key,
          metric,
          files,
          repeats: plan.repeats,
          threshold: current?.value ?? null,
        });
      });
  return [
    `<section id="stage-${number}">`,
    `<h2>${number}. ${escapeHtml(stage.title)}</h2>`,
    `<p class="context">${escapeHtml(stageContext(facts, stage))}</p>`,
    ...body,
    '</section>',
  ].join('\n');
}
