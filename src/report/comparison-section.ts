import type { MetricComparison, MetricSide } from '../domain/comparison/compare-runs.ts';
import { signedPercent } from './applied-changes.ts';
import { displayValue, tableRow } from './metric-table.ts';
import { CODE_FENCE } from './section-html.ts';

/** How often a pattern that proves an optimisation active stands in the pytest logs (spec 06 §14). */
export interface EvidenceCount {
  name: string;
  /** The log with the fewest matches decides. */
  fewest: number;
  min_count: number;
  logs: number;
}

export interface ComparisonFacts {
  /** Session commits. */
  before: string;
  after: string;
  /** Directory of the earlier session, as given. */
  before_run_dir: string;
  metrics: readonly MetricComparison[];
  /** `git log --oneline old..new`; null when git could not tell. */
  log: string | null;
  /** `git diff --stat old..new`. */
  stat: string | null;
  evidence: readonly EvidenceCount[];
}

/** The three kinds of conclusion that must not be mixed (spec 06 §14). */
const KINDS = [
  { title: 'Accuracy and quality', has: (group: string) => group !== 'wer' && group !== 'speed' },
  { title: 'WER', has: (group: string) => group === 'wer' },
  { title: 'Speed', has: (group: string) => group === 'speed' },
];

/** *Changes since the previous calibration* as Markdown (spec 06 §14). */
export function comparisonSection(facts: ComparisonFacts): string {
  return [
    '## Changes since the previous calibration',
    '',
    `- Previous: \`${facts.before}\` (\`${facts.before_run_dir}\`)`,
    `- This: \`${facts.after}\``,
    '',
    ...KINDS.flatMap(({ title, has }) =>
      metricLines(
        title,
        facts.metrics.filter((metric) => has(metric.group)),
      ),
    ),
    ...evidenceLines(facts.evidence),
    ...gitLines('Commits', facts.log),
    ...gitLines('Files', facts.stat),
  ].join('\n');
}

function metricLines(title: string, metrics: readonly MetricComparison[]): string[] {
  if (metrics.length === 0) {
    return [];
  }
  const rows = metrics.map((metric) =>
    tableRow([
      metric.stage_key,
      metric.display.label,
      worstText(metric, metric.before),
      worstText(metric, metric.after),
      metric.percent === null ? 'n/a' : signedPercent(metric.percent),
      metric.direction,
      `${spreadText(metric, metric.before)} → ${spreadText(metric, metric.after)}`,
    ]),
  );
  return [
    `### ${title}`,
    '',
    '| Stage | Metric | Old worst | New worst | Change | Direction | Spread (best–worst) |',
    `|-----|${'--------|'.repeat(6)}`,
    ...rows,
    '',
  ];
}

function worstText({ display }: MetricComparison, side: MetricSide | null): string {
  return side?.worst === null || side === null ? '?' : displayValue(side.worst, display);
}

function spreadText({ display }: MetricComparison, side: MetricSide | null): string {
  return side === null || side.worst === null || side.best === null
    ? '?'
    : `${displayValue(side.best, display)}–${displayValue(side.worst, display)}`;
}

function evidenceLines(evidence: readonly EvidenceCount[]): string[] {
  if (evidence.length === 0) {
    return [];
  }
  const lines = evidence.map(({ name, fewest, min_count: wanted, logs }) =>
    logs > 0 && fewest >= wanted
      ? `- ${name}: found (at least ${fewest} in each of ${logs} logs)`
      : `- ${name}: **not found** (${logs === 0 ? 'no logs' : `${fewest} in one of ${logs} logs, ${wanted} wanted`})`,
  );
  return ['### Evidence in the logs', '', ...lines, ''];
}

/** Git output as a code block that cannot be closed from inside. */
function gitLines(title: string, output: string | null): string[] {
  const body = output === null ? 'git could not tell' : output.trimEnd() || '(none)';
  return [`### ${title}`, '', CODE_FENCE, body.replaceAll(CODE_FENCE, "'''"), CODE_FENCE, ''];
}
