import type { MetricComparison, MetricSide } from '../domain/comparison/compare-runs.ts';
import { signedPercent } from './applied-changes.ts';
import { displayValue, tableRow } from './metric-table.ts';
import { codeFence } from './section-html.ts';

/** One of the two sessions that are compared. */
export interface ComparedSession {
  /** Session commit; empty when the plan names none. */
  commit: string;
  /** As given. */
  run_dir: string;
  repeats: number;
}

export interface ComparisonFacts {
  before: ComparedSession;
  after: ComparedSession;
  metrics: readonly MetricComparison[];
  /** `stage.metric` of what only the earlier session measured. */
  dropped: readonly string[];
  /** `git log --oneline old..new`; null when git could not tell. */
  log: string | null;
  /** `git diff --stat old..new`; null when git could not tell. */
  stat: string | null;
  /** Commits that the checkout does not have. */
  absent: readonly string[];
}

/** The three kinds of conclusion that must not be mixed. */
const shownKinds = [
  { title: 'Accuracy and quality', has: (group: string) => group !== 'wer' && group !== 'speed' },
  { title: 'WER', has: (group: string) => group === 'wer' },
  { title: 'Speed', has: (group: string) => group === 'speed' },
];

const heading = '## Changes since the previous calibration';

/** *Changes since the previous calibration* as Markdown. */
export function comparisonSection(facts: ComparisonFacts): string {
  return [
    heading,
    '',
    sessionLine('Previous', facts.before),
    sessionLine('This', facts.after),
    ...(facts.dropped.length === 0 ? [] : [`- No longer measured: ${facts.dropped.join(', ')}`]),
    '',
    ...shownKinds.flatMap(({ title, has }) =>
      metricLines(
        title,
        facts.metrics.filter((metric) => has(metric.group)),
      ),
    ),
    ...gitLines({ title: 'Commits', output: facts.log, absent: facts.absent }),
    ...gitLines({ title: 'Files', output: facts.stat, absent: facts.absent }),
  ].join('\n');
}

/** The comparison that a report already holds; empty without one. */
export function extractComparison(report: string): string {
  const lines = report.split('\n');
  const start = lines.indexOf(heading);
  if (start === -1) {
    return '';
  }
  // No line of git's output between can look like this: log lines begin with a hash, stat lines with a space.
  const end = lines.findIndex((line, index) => index > start && line.startsWith('## '));
  return lines.slice(start, end === -1 ? undefined : end).join('\n');
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

/** Git output as a code block that cannot be closed from inside. */
function gitLines(part: { title: string; output: string | null; absent: readonly string[] }): string[] {
  const { title, output, absent } = part;
  const reason = absent.map((commit) => `this checkout has no commit ${commit}`).join('\n');
  const body = output === null ? reason || 'git could not tell' : output.trimEnd() || '(none)';
  return [`### ${title}`, '', codeFence, body.replaceAll(codeFence, "'''"), codeFence, ''];
}

function sessionLine(name: string, { commit, run_dir: runDir, repeats }: ComparedSession): string {
  return `- ${name}: \`${commit || '?'}\` (\`${runDir}\`, ${repeats} repeats)`;
}
