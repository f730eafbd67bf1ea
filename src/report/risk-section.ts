import type { RiskDocument } from '../domain/risk/risk-document.ts';
import { tableRow } from './metric-table.ts';
import { type RiskRow, type RiskTexts, riskTexts } from './risk-text.ts';
import { escapeHtml } from './section-html.ts';

/** The heading of the section; `report.html` shows it at its top instead of where `report.md` has it. */
export const riskHeading = '## Gate risk';

/** The section of `report.md`; ends with an empty line. */
export function riskSection(document: RiskDocument): string[] {
  const texts = riskTexts(document);
  return [
    riskHeading,
    '',
    ...texts.summary.map((sentence) => `- ${sentence}`),
    '',
    ...(texts.shown.length === 0 ? [] : [...markdownTable(texts, texts.shown), '']),
    ...(texts.folded.length === 0
      ? []
      : [
          `<details><summary>${texts.foldedTitle}</summary>`,
          '',
          ...markdownTable(texts, texts.folded),
          '',
          '</details>',
          '',
        ]),
    ...texts.notes.map((note) => `> ${note}`),
    '',
  ];
}

function markdownTable({ columns }: RiskTexts, rows: readonly RiskRow[]): string[] {
  return [
    tableRow(columns),
    `|-----|${'--------|'.repeat(columns.length - 1)}`,
    ...rows.map((row) => tableRow(cellsOf(row).map(markdownText))),
  ];
}

/** Names and reasons come from the suite: no markup of theirs is rendered. */
function markdownText(text: string): string {
  return text.replaceAll(/[<>&]/g, (sign) => ({ '<': '&lt;', '>': '&gt;' })[sign] ?? '&amp;');
}

function cellsOf(row: RiskRow): string[] {
  return [`${row.id} (${row.label})`, row.worst, row.failsWhen, row.falseFail, row.catches, row.verdict];
}

/** The section of `report.html`. */
export function riskHtml(document: RiskDocument): string {
  const texts = riskTexts(document);
  return [
    '<section id="risk" class="risk">',
    '<h2>Gate risk</h2>',
    `<ul>${texts.summary.map((sentence) => `<li>${escapeHtml(sentence)}</li>`).join('')}</ul>`,
    texts.shown.length === 0 ? '' : htmlTable(texts, texts.shown),
    texts.folded.length === 0
      ? ''
      : `<details><summary>${escapeHtml(texts.foldedTitle)}</summary>${htmlTable(texts, texts.folded)}</details>`,
    ...texts.notes.map((note) => `<p class="context">${escapeHtml(note)}</p>`),
    '</section>',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function htmlTable({ columns }: RiskTexts, rows: readonly RiskRow[]): string {
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join('');
  const body = rows.map((row) => {
    const [, ...cells] = cellsOf(row);
    const name = `<th scope="row">${escapeHtml(row.label)}<br><code>${escapeHtml(row.id)}</code></th>`;
    const texts = cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('');
    return `<tr class="${row.class ?? 'unknown'}">${name}${texts}</tr>`;
  });
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;
}
