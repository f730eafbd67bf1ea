import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

import type { CellFile } from '../domain/audit/strict.ts';
import type { Worst } from '../domain/metrics/metric-kind.ts';
import type { StageDefinition, StageMetric } from '../domain/stages/stage.ts';
import { acceptedValues, worstOfN } from '../domain/statistics/worst-of-n.ts';
import { displayValue } from './metric-table.ts';
import { escapeHtml } from './section-html.ts';

export interface MetricPlotData {
  /** Axis title, unit included. */
  label: string;
  /** Display values by repeat, index k − 1; null where there is none. */
  values: readonly (number | null)[];
  /** Display texts of the same values. */
  texts: readonly string[];
  worst: { value: number; text: string } | null;
  /** The literal in the checkout, in display units. */
  threshold: { value: number; text: string } | null;
  direction: Worst;
}

/** Drawn nearly at its own size on a wide page, and still readable when a phone shrinks it to three quarters. */
const plotWidth = 400;
const plotHeight = 220;
const fontPx = 13;
const margins = { marginLeft: 58, marginTop: 28, marginBottom: 38 };
/** The renderer cannot measure text: no character of a label is wider than this in the page's fonts, on average. */
const characterPx = fontPx * 0.58;
/** Between the frame and the labels of the two lines, which stand right of it. */
const labelDistancePx = 8;
/** Two labels closer than this share of the axis would overlap. */
const labelGap = 0.1;

/**
 * Inline SVG of a metric's N values with the worst of them and the current threshold as lines. Colours are CSS
 * variables of the page, so that the drawing follows the page's light or dark scheme.
 */
export function metricPlot(data: MetricPlotData): string {
  const points = data.values.flatMap((value, index) =>
    value === null ? [] : [{ run: index + 1, value, text: data.texts[index] ?? '' }],
  );
  const domain = paddedDomain([
    ...points.map((point) => point.value),
    ...lines(data).map((line) => line.value),
  ]);
  const svg = Plot.plot({
    document: parseHTML('<!doctype html><html><body></body></html>').document,
    width: plotWidth,
    height: plotHeight,
    ...margins,
    marginRight: labelRoom(lines(data)),
    ariaLabel: `${data.label} by repeat`,
    // As an object: the renderer's elements refuse a style given as text.
    style: { background: 'transparent', color: 'inherit', fontSize: `${fontPx}px`, overflow: 'visible' },
    x: { domain: data.values.map((_, index) => index + 1), label: 'repeat', type: 'point', tickSize: 0 },
    y: {
      domain,
      label: data.direction === 'min' ? '↑ higher is better' : '↓ lower is better',
      ticks: 5,
      grid: true,
    },
    marks: [
      Plot.ruleY(lines(data), {
        y: 'value',
        stroke: (line: PlotLine) => line.colour,
        strokeDasharray: '5 3',
        strokeWidth: 1.5,
        title: (line: PlotLine) => `${line.name}: ${line.text}`,
      }),
      Plot.text(separated(lines(data), domain), {
        y: 'labelAt',
        text: labelOf,
        fill: (line: PlotLine) => line.colour,
        frameAnchor: 'right',
        textAnchor: 'start',
        dx: labelDistancePx,
      }),
      Plot.dot(points, {
        x: 'run',
        y: 'value',
        r: 4.5,
        fill: (point: (typeof points)[number]) =>
          point.value === data.worst?.value ? 'var(--worst)' : 'var(--value)',
        title: (point: (typeof points)[number]) => `repeat ${point.run}: ${point.text}`,
      }),
    ],
    color: { type: 'identity' },
  });
  svg.setAttribute('role', 'img');
  return svg.outerHTML;
}

interface PlotLine {
  name: string;
  value: number;
  text: string;
  colour: string;
  labelAt: number;
}

function lines({ worst, threshold }: MetricPlotData): PlotLine[] {
  const drawn = [
    { name: 'worst', mark: worst, colour: 'var(--worst)' },
    { name: 'current', mark: threshold, colour: 'var(--threshold)' },
  ];
  return drawn.flatMap(({ name, mark, colour }) =>
    mark === null ? [] : [{ name, value: mark.value, text: mark.text, colour, labelAt: mark.value }],
  );
}

function labelOf({ name, text }: PlotLine): string {
  return `${name} ${text}`;
}

function labelRoom(drawn: PlotLine[]): number {
  const longest = Math.max(0, ...drawn.map((line) => labelOf(line).length));
  return Math.ceil(labelDistancePx + longest * characterPx + 4);
}

/** Moves the labels of two close lines apart, each to its own side. */
function separated(drawn: PlotLine[], [low, high]: [number, number]): PlotLine[] {
  const [first, second] = drawn;
  const gap = (high - low) * labelGap;
  if (first === undefined || second === undefined || Math.abs(first.value - second.value) >= gap) {
    return drawn;
  }
  const middle = (first.value + second.value) / 2;
  const sign = first.value >= second.value ? 1 : -1;
  return [
    { ...first, labelAt: middle + (sign * gap) / 2 },
    { ...second, labelAt: middle - (sign * gap) / 2 },
  ];
}

/** A little air around the values; some around a single one, whose own size is the only measure there is. */
function paddedDomain(values: number[]): [number, number] {
  if (values.length === 0) {
    return [0, 1];
  }
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const padding = (high - low) * 0.15 || Math.abs(high) * 0.05 || 1;
  return [low - padding, high + padding];
}

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
