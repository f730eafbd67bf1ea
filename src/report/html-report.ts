import { displayTitle } from '../domain/report/display-title.ts';
import type { ReportFacts } from '../domain/report/facts.ts';
import { sessionCommit } from '../domain/session/session-plan.ts';
import { isDocsStage, type StageDefinition } from '../domain/stages/stage.ts';
import { stageContext } from './markdown-report.ts';
import { metricPanel } from './metric-panel.ts';
import { docsTable } from './metric-table.ts';
import { riskHeading, riskHtml } from './risk-section.ts';
import { escapeHtml, sectionHtml } from './section-html.ts';

/** The HTML report's whole style: system fonts, dark and light by the reader's setting, printable. */
export const reportStyle = `
:root { color-scheme: light dark; --paper: #fbfbf9; --ink: #1d2328; --soft: #59646d; --line: #d9dcd8; --panel: #ffffff;
  --value: #2f6fb0; --worst: #b3341f; --threshold: #6d4fa3; --good: #2d7a46; }
@media (prefers-color-scheme: dark) { :root { --paper: #15191d; --ink: #e4e7e6; --soft: #9aa5ad; --line: #333b42;
  --panel: #1c2126; --value: #74b3ea; --worst: #f08a74; --threshold: #bda2ee; --good: #7cc795; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .75rem; }
h2 { font-size: 1.15rem; margin: 2.75rem 0 .35rem; padding-top: .9rem; border-top: 1px solid var(--line); }
h3 { font-size: .95rem; margin: 1.1rem 0 .35rem; }
figure h3 { margin-top: 0; }
p, ul { margin: .35rem 0; }
p.context { color: var(--soft); }
code { font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; font-size: .88em; overflow-wrap: anywhere; }
nav ul { columns: 2 18rem; padding-left: 1.1rem; }
a { color: inherit; text-underline-offset: .15em; }
.verdict { font-weight: 600; color: var(--good); }
.metric { display: flex; flex-wrap: wrap; gap: .75rem 1.75rem; align-items: flex-start; margin: 1rem 0; padding: 1rem;
  background: var(--panel); border: 1px solid var(--line); border-radius: 8px; }
.metric figure { margin: 0; flex: 1 1 20rem; min-width: 0; max-width: 27rem; }
.metric .beside { flex: 1 1 14rem; min-width: 0; }
.metric svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; margin: .35rem 0; }
th, td { text-align: left; padding: .22rem .8rem .22rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th, .metric td { white-space: nowrap; }
.metric th { white-space: normal; vertical-align: bottom; }
pre { font-size: .88rem; padding: .6rem .8rem; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; }
td:last-child, th:last-child { padding-right: 0; }
th { color: var(--soft); font-weight: 600; }
tr.worst td { color: var(--worst); font-weight: 600; }
tr.current td { color: var(--threshold); }
.risk td { min-width: 6.5rem; }
.risk tbody th { color: var(--ink); white-space: normal; min-width: 12rem; }
.risk tr.coin td:last-child { color: var(--worst); font-weight: 600; }
.risk details { margin: .6rem 0; }
summary { cursor: pointer; }
blockquote { margin: .5rem 0; padding-left: .75rem; border-left: 3px solid var(--worst); }
@media print { body { max-width: none; } .metric { break-inside: avoid; } }
`;

/**
 * The report as one self-contained HTML file: inline SVG, no script, no request, dark and light. The
 * Markdown stays canonical: everything but the stage sections is taken from it.
 *
 * @param markdown the finished `report.md` of the same facts
 */
export function htmlReport(facts: ReportFacts, markdown: string): string {
  const { snapshot } = facts;
  const { header, closing } = splitMarkdown(markdown, snapshot.stages.length);
  const contents = snapshot.stages.map(
    (stage, index) => `<li><a href="#stage-${index + 1}">${escapeHtml(displayTitle(stage.title))}</a></li>`,
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
    facts.risk === undefined ? '' : riskHtml(facts.risk),
    `<nav aria-label="Stages"><ul>${contents.join('')}</ul></nav>`,
    ...snapshot.stages.map((stage, index) => stageSection({ facts, stage, number: index + 1 })),
    sectionHtml(withoutRisk(closing)),
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

/** The risk is what a reader needs first: the page has it at its top, folded parts included. */
function withoutRisk(closing: readonly string[]): string[] {
  const start = closing.indexOf(riskHeading);
  if (start === -1) return [...closing];
  const length = closing.slice(start + 1).findIndex((line) => line.startsWith('## '));
  return [...closing.slice(0, start), ...(length === -1 ? [] : closing.slice(start + 1 + length))];
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
    `<h2>${number}. ${escapeHtml(displayTitle(stage.title))}</h2>`,
    `<p class="context">${escapeHtml(stageContext(facts, stage))}</p>`,
    ...body,
    '</section>',
  ].join('\n');
}
