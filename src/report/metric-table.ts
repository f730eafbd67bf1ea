import type { CellFile } from '../domain/audit/strict.ts';
import type { Display } from '../domain/metrics/metric-kind.ts';
import { formatFixed } from '../domain/numbers/python-numbers.ts';
import type { StageDefinition, StageMetric } from '../domain/stages/stage.ts';
import { acceptedValues, worstOfN } from '../domain/statistics/worst-of-n.ts';

export interface StageRuns {
  stage: StageDefinition;
  /** Index k − 1, N of them. */
  files: readonly CellFile[];
  repeats: number;
}

/** A raw value as shown: one multiplication by the scale, fixed decimals, exact ties to even. */
export function displayValue(raw: number, display: Pick<Display, 'scale' | 'digits'>): string {
  return formatFixed(raw * display.scale, display.digits);
}

/** The table of a metric stage, one row per repeat and the worst of N, as lines. */
export function metricTable({ stage, files, repeats }: StageRuns): string[] {
  const metrics = Object.entries(stage.metrics);
  const header = ['Run', 'Samples run', 'Samples ok', ...metrics.map(([, metric]) => metric.display.label)];
  const worst = metrics.map(([key, metric]) => {
    const values = acceptedValues({ stage, metric: key, files });
    const value = worstOfN({ values, repeats, worst: metric.worst });
    return `**${value === null ? 'N/A' : displayValue(value, metric.display)}**`;
  });
  return [
    tableRow(header),
    `|-----|${'--------|'.repeat(header.length - 1)}`,
    ...files.map((file, index) => tableRow([`${index + 1}`, ...runCells(file, metrics)])),
    tableRow([`**Worst-of-${repeats}**`, '—', '—', ...worst]),
    ...warnUnreadable(metrics),
  ];
}

/** The table of a docs stage: pass or fail per repeat. */
export function docsTable({ files, repeats }: Omit<StageRuns, 'stage'>): string[] {
  const results = files.map((file) => {
    if (file.kind !== 'recorded') {
      return 'MISSING';
    }
    return file.observation.status === 'ok' ? 'PASS' : 'FAIL';
  });
  const worst = results.every((result) => result === 'PASS') ? 'PASS' : 'FAIL';
  return [
    tableRow(['Run', 'Result']),
    '|-----|--------|',
    ...results.map((result, index) => tableRow([`${index + 1}`, result])),
    tableRow([`**Worst-of-${repeats}**`, `**${worst}**`]),
  ];
}

/** One Markdown table row; cells are made safe for a table. */
export function tableRow(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`).replaceAll(/\s*\n\s*/g, ' ')).join(' | ')} |`;
}

function runCells(file: CellFile, metrics: [string, StageMetric][]): string[] {
  if (file.kind !== 'recorded') {
    return ['MISSING', 'MISSING', ...metrics.map(() => 'MISSING')];
  }
  const { sample_counts: counts, metrics: recorded } = file.observation;
  return [
    `${counts.total ?? 'N/A'}`,
    `${counts.ok ?? 'N/A'}`,
    ...metrics.map(([key, metric]) => {
      const raw = metric.json_path === null ? null : (recorded[key] ?? null);
      return raw === null ? 'N/A' : displayValue(raw, metric.display);
    }),
  ];
}

function warnUnreadable(metrics: [string, StageMetric][]): string[] {
  const labels = metrics
    .filter(([, metric]) => metric.json_path === null)
    .map(([, metric]) => metric.display.label);
  return labels.length === 0
    ? []
    : ['', ...labels.map((label) => `> ⚠ ${label}: no json_path in stages.yaml`)];
}
