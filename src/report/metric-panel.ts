import type { CellFile } from '../domain/audit/run-snapshot.ts';
import type { StageDefinition, StageMetric } from '../domain/stages/stage.ts';
import { acceptedValues, worstOfN } from '../domain/statistics/worst-of-n.ts';
import { metricPlot } from './metric-plot.ts';
import { displayValue } from './metric-table.ts';
import { escapeHtml } from './section-html.ts';

export interface MetricPanelData {
  stage: StageDefinition;
  key: string;
  metric: StageMetric;
  files: readonly CellFile[];
  repeats: number;
  /** The literal in the checkout, native unit; null when it cannot be read. */
  threshold: number | null;
}

/** One metric of the HTML report: its plot, and beside it the same numbers as a table. */
export function metricPanel({ stage, key, metric, files, repeats, threshold }: MetricPanelData): string {
  const { display } = metric;
  const values = acceptedValues({ stage, metric: key, files });
  const worst = worstOfN({ values, repeats, worst: metric.worst });
  const texts = values.map((value) => (value === null ? 'N/A' : displayValue(value, display)));
  const shown = (raw: number | null) =>
    raw === null ? null : { value: raw * display.scale, text: displayValue(raw, display) };
  const plot = metricPlot({
    label: display.label,
    values: values.map((value) => (value === null ? null : value * display.scale)),
    texts,
    worst: shown(worst),
    threshold: shown(threshold),
    direction: metric.worst,
  });
  const rows = files.map((file, index) => row('', [`${index + 1}`, samplesOf(file), texts[index] ?? 'N/A']));
  return [
    '<div class="metric">',
    `<figure><h3>${escapeHtml(display.label)}</h3>${plot}</figure>`,
    '<div class="beside scroll"><table>',
    `<thead><tr><th scope="col">Run</th><th scope="col">Samples</th><th scope="col">${escapeHtml(display.label)}</th></tr></thead>`,
    '<tbody>',
    ...rows,
    row('worst', [`Worst of ${repeats}`, '', shown(worst)?.text ?? 'N/A']),
    row('current', ['Current literal', '', shown(threshold)?.text ?? 'unknown']),
    '</tbody></table>',
    `<p><code>${escapeHtml(metric.source)}</code></p>`,
    '</div></div>',
  ].join('\n');
}

function row(kind: string, cells: string[]): string {
  const attribute = kind === '' ? '' : ` class="${kind}"`;
  return `<tr${attribute}>${cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join('')}</tr>`;
}

function samplesOf(file: CellFile): string {
  if (file.kind !== 'recorded') {
    return 'N/A';
  }
  const { ok, total } = file.observation.sample_counts;
  return `${ok ?? '?'}/${total ?? '?'}`;
}
