import { compareWithCi, usualRatio } from '../domain/fingerprint/ci-metrics.ts';
import type { ReportFacts } from '../domain/report/facts.ts';
import { acceptedValues } from '../domain/statistics/worst-of-n.ts';
import { tableRow } from './metric-table.ts';

/** The session's efficiency metrics against the values that CI recorded; no lines where it recorded none. Ends with an empty line. */
export function ciSection({ snapshot, ci }: Pick<ReportFacts, 'snapshot' | 'ci'>): string[] {
  if (ci === undefined) return [];
  const rows = snapshot.stages.flatMap((stage) =>
    Object.entries(stage.metrics).flatMap(([metric, { display }]) => {
      const files = snapshot.cells[stage.key] ?? [];
      const values = acceptedValues({ stage, metric, files }).filter((value) => value !== null);
      const compared = compareWithCi({ stage: stage.key, group: stage.group, metric, values, ci });
      if (compared === null) return [];
      const shown = (value: number) => (value * display.scale).toFixed(display.digits);
      const { median, ci_median: there, ratio, runs, needs_decision: doubt } = compared;
      const mark = doubt === null ? '' : ' ⚠ needs a decision';
      return [
        tableRow([
          `${stage.key}.${metric}`,
          shown(median),
          shown(there),
          `${runs}`,
          `${ratio.toFixed(3)}${mark}`,
        ]),
      ];
    }),
  );
  if (rows.length === 0) return [];
  return [
    '## Against CI',
    '',
    `Medians of this session over those that CI recorded (${ci.source}). A ratio outside ${usualRatio.least}–${usualRatio.most} is more than noise: this host is unlike CI's, or something changed; such a metric is applied only by a decision.`,
    '',
    '| Metric | Median here | Median in CI | CI runs | Ratio |',
    '|-----|--------|--------|--------|--------|',
    ...rows,
    '',
  ];
}
