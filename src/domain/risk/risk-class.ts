import type { MetricRisk } from './metric-risk.ts';

/** Worst first: `coin`, `blind` and `unresolved` are what a person should look at; `ok` and `constant` are folded. */
export const riskClasses = ['coin', 'blind', 'unresolved', 'thin', 'ok', 'constant'] as const;
export type RiskClass = (typeof riskClasses)[number];

/** Above this an unchanged commit fails too often, whatever the rest of the suite does. */
const mostPerMetric = 0.01;

/**
 * The false-fail probability that one of `metrics` gates may have, so that the whole suite stays below `suiteTarget`.
 *
 * @param suiteTarget a share, for example 0.05
 */
export function metricTarget(metrics: number, suiteTarget: number): number {
  return Math.min(suiteTarget / Math.max(1, metrics), mostPerMetric);
}

/**
 * What the numbers of a metric come to.
 *
 * @param isConstant every run gave the same value
 * @param fails CI fails at the worst run already
 */
export function riskClass(
  risk: MetricRisk,
  facts: { isConstant: boolean; fails: boolean; target: number },
): RiskClass {
  const { p, flips_to_fail: flips, slack } = risk;
  if (facts.isConstant && !facts.fails && hasRoom(flips, slack)) return 'constant';
  if (facts.fails) return 'coin';
  if (p === null || (flips !== null && flips <= 1)) return 'unresolved';
  if (p > mostPerMetric) return 'coin';
  if (isBlind(risk)) return 'blind';
  return p <= facts.target ? 'ok' : 'thin';
}

/** A metric that moves in no known step has room where the gate is not at its value itself. */
function hasRoom(flips: number | null, slack: number | null): boolean {
  return flips === null ? slack !== null && slack > 0 : flips > 1;
}

/** A regression that goes unnoticed until it is twice what the gate's slack suggests, and a quarter of the value. */
function isBlind({ regression_80: caught, scale, slack, mean }: MetricRisk): boolean {
  if (caught === null || slack === null) return false;
  const share = scale === 'log' ? caught : mean === null || mean === 0 ? 0 : caught / Math.abs(mean);
  return share > 2 * slack && share > 0.25;
}
