import {
  chiSquareQuantile,
  exceedsWorstOf,
  normalQuantile,
  shareUpperBound,
  studentUpperTail,
  tailUpperBound,
} from './distributions.ts';
import { countsThings, orient, type RiskMetric, type RiskScale, scaleOf } from './orientation.ts';
import { failsGate, type RiskGate } from './risk-gate.ts';

/** The runs of one metric and the gate that it will have. */
export interface MetricRiskInput extends RiskMetric {
  /** Native unit, one per accepted run. */
  values: readonly number[];
  gate: RiskGate;
  /** Items that each value is a share of (accuracy); null where it is none. */
  items: number | null;
  /** Attempts that CI gives a test before it counts as failed. */
  attempts: number;
  /** The largest false-fail probability that is still fine. */
  target: number;
}

/** Why a metric's spread says nothing, and what is known all the same. */
export interface NoSpread {
  reason: string;
  /** 1/(N + 1): how often a further run is at most beyond the worst of N. */
  p_at_most: number;
  /** 1 − 0.05^(1/N): the share of failing runs that N passing ones leave possible, with 95 % confidence. */
  upper_bound: number;
}

export interface MetricRisk {
  scale: RiskScale;
  mean: number | null;
  /** Of the logarithms on the `log` scale, else in the native unit; null for fewer than two runs. */
  sd: number | null;
  cv_percent: number | null;
  range: number | null;
  /** Null without a usable spread: see `no_spread`. */
  p: number | null;
  p_upper: number | null;
  /** Worsening caught with 80 %: a share on the `log` scale, else in the native unit. */
  regression_80: number | null;
  regression_80_attempts: number | null;
  /** The room between the worst run and the gate, as a share of the worst run. */
  slack: number | null;
  flips_to_fail: number | null;
  no_spread: NoSpread | null;
  recommended: Recommendation;
}

/** What would bring the false-fail probability to the target; null where nothing within reach does, or nothing is known. */
export interface Recommendation {
  /** Repeats, at the present slack. */
  n: number | null;
  /** Slack beyond the worst run, at the present number of repeats. */
  slack_percent: number | null;
}

/**
 * How often a gate fails an unchanged commit, and what it catches, from the runs of one session. Runs are taken as normal
 * on the metric's scale; a further run then follows a t distribution around their mean.
 */
export function metricRisk(input: MetricRiskInput): MetricRisk {
  const { values, gate, worst } = input;
  const spread = spreadOf(input, [gate.threshold]);
  const { scale, sd } = spread;
  const to = (value: number): number => orient(value, { worst, scale });
  const worstValue = worst === 'min' ? Math.min(...values) : Math.max(...values);
  const slack = relativeRoom({ worstValue, gate, scale, worst });
  const flips = flipsToFail(input, worstValue);
  const reason = unusableSpread(input, sd);
  const shared = { ...spread, slack, flips_to_fail: flips };
  if (reason !== null || sd === null) {
    return { ...shared, ...withoutSpread(input, reason ?? 'one run has no spread') };
  }
  const oriented = values.map(to);
  const fit: Fit = { n: values.length, mean: average(oriented), sd, gate: to(gate.threshold) };
  const isPassed = values.every((value) => !failsGate(value, gate, worst));
  const other = gate.otherSide === null ? null : { ...fit, mean: -fit.mean, gate: -to(gate.otherSide) };
  const p = bounded(fit, isPassed) + (other === null ? 0 : bounded(other, isPassed));
  const pUpper = upperBound(fit) + (other === null ? 0 : upperBound(other));
  return {
    ...shared,
    p: Math.min(1, p),
    p_upper: Math.min(1, Math.max(p, pUpper)),
    regression_80: caught(fit, scale, 1),
    regression_80_attempts: caught(fit, scale, input.attempts),
    no_spread: null,
    recommended: recommend({ fit, worst: Math.max(...oriented), scale, worstValue, target: input.target }),
  };
}

type Spread = Pick<MetricRisk, 'scale' | 'mean' | 'sd' | 'cv_percent' | 'range'>;

/**
 * Mean, standard deviation and range of runs; all that can be said where the gate is not known.
 *
 * @param gates numbers that must lie on the same scale
 */
export function spreadOf(
  input: RiskMetric & { values: readonly number[] },
  gates: readonly number[] = [],
): Spread {
  const { values, worst } = input;
  const scale = scaleOf(input, [...values, ...gates]);
  if (values.length === 0) {
    return { scale, mean: null, sd: null, cv_percent: null, range: null };
  }
  const mean = average(values);
  const sd = deviation(values.map((value) => orient(value, { worst, scale })));
  const cv = scale === 'log' && sd !== null ? 100 * Math.expm1(sd) : null;
  return { scale, mean, sd, cv_percent: cv, range: Math.max(...values) - Math.min(...values) };
}

/** Runs on the oriented scale, and the gate there. */
interface Fit {
  n: number;
  mean: number;
  sd: number;
  gate: number;
}

function predictive({ n, mean, sd, gate }: Fit): number {
  return studentUpperTail((gate - mean) / (sd * Math.sqrt(1 + 1 / n)), n - 1);
}

/** Where no run is beyond the gate, exchangeability alone bounds the chance of the next one, whatever the distribution. */
function bounded(fit: Fit, isPassed: boolean): number {
  return isPassed ? Math.min(predictive(fit), 1 / (fit.n + 1)) : predictive(fit);
}

function upperBound({ n, mean, sd, gate }: Fit): number {
  return tailUpperBound((gate - mean) / sd, n);
}

/** With r attempts all of which must fail, a regression is caught when each fails with 0.8^(1/r). */
function caught({ mean, sd, gate }: Fit, scale: RiskScale, attempts: number): number {
  const shift = gate - mean + normalQuantile(0.8 ** (1 / attempts)) * sd;
  return scale === 'log' ? Math.expm1(shift) : shift;
}

/** Why the standard deviation of the runs cannot be used; null where it can. */
function unusableSpread(input: MetricRiskInput, sd: number | null): string | null {
  const { values, items } = input;
  if (values.length < 2 || sd === null) return 'one run has no spread';
  if (values.every((value) => value === values[0])) return 'every run gave the same value';
  if (countsThings(input)) return 'the metric counts things';
  // A difference of a few units in the last place is rounding, and another unit of measure would round it otherwise.
  const largest = Math.max(1, ...values.map(Math.abs));
  if (sd <= largest * 1e-12) return 'the runs differ by less than can be computed with';
  return items !== null && 1 / items > sd ? `one of ${items} items is more than the runs differ by` : null;
}

type WithoutSpread = Omit<MetricRisk, keyof Spread | 'slack' | 'flips_to_fail'>;

/** Failing runs are a share with a bound; passing ones leave only the two bounds that hold for every distribution. */
function withoutSpread(input: MetricRiskInput, reason: string): WithoutSpread {
  const { values, gate, worst } = input;
  const n = values.length;
  const failed = values.filter((value) => failsGate(value, gate, worst)).length;
  return {
    p: failed === 0 ? null : failed / n,
    p_upper: shareUpperBound(failed, n),
    regression_80: null,
    regression_80_attempts: null,
    no_spread: { reason, p_at_most: 1 / (n + 1), upper_bound: 1 - 0.05 ** (1 / n) },
    recommended: { n: null, slack_percent: null },
  };
}

/** How many more items must go wrong, from the worst run on, until CI fails; 0 where it fails already. */
function flipsToFail(input: MetricRiskInput, worstValue: number): number | null {
  const { gate, worst, items } = input;
  const steps = countsThings(input) ? 1 : items;
  if (steps === null) return null;
  const room = (worst === 'min' ? worstValue - gate.threshold : gate.threshold - worstValue) * steps;
  // 0.7 − 0.68 of 50 items is one item, whatever binary fractions make of it.
  const nearest = Math.round(room);
  const exact = Math.abs(room - nearest) < 1e-6 ? nearest : room;
  return Math.max(0, gate.inclusive ? Math.floor(exact) + 1 : Math.ceil(exact));
}

function relativeRoom(place: {
  worstValue: number;
  gate: RiskGate;
  scale: RiskScale;
  worst: 'min' | 'max';
}): number | null {
  const { worstValue, gate, scale, worst } = place;
  if (scale === 'log') {
    return Math.expm1(orient(gate.threshold, { worst, scale }) - orient(worstValue, { worst, scale }));
  }
  const room = worst === 'min' ? worstValue - gate.threshold : gate.threshold - worstValue;
  return worstValue === 0 ? null : room / Math.abs(worstValue);
}

/** More repeats than anybody runs. */
const mostRepeats = 100;

/**
 * Both ways to the target, for a standard deviation that is larger than the observed one with 80 % confidence: the least
 * number of repeats at the present slack, the least slack at the present number of repeats.
 */
function recommend(given: {
  fit: Fit;
  worst: number;
  scale: RiskScale;
  worstValue: number;
  target: number;
}): Recommendation {
  const { fit, worst, scale, worstValue, target } = given;
  const likely = fit.sd * Math.sqrt((fit.n - 1) / chiSquareQuantile(0.2, fit.n - 1));
  const needed = leastDistance(fit.n, target) * likely;
  const slack = scale === 'log' ? Math.expm1(needed) : needed / Math.abs(worstValue);
  return {
    n: leastRepeats((fit.gate - worst) / likely, target),
    slack_percent: Number.isFinite(slack) ? 100 * slack : null,
  };
}

function leastRepeats(distance: number, target: number): number | null {
  if (distance < 0 || exceedsWorstOf(mostRepeats, distance) > target) return null;
  let [tooFew, enough] = [1, mostRepeats];
  while (enough - tooFew > 1) {
    const middle = Math.floor((tooFew + enough) / 2);
    if (exceedsWorstOf(middle, distance) <= target) enough = middle;
    else tooFew = middle;
  }
  return enough;
}

function leastDistance(n: number, target: number): number {
  let [low, high] = [0, 20];
  for (let round = 0; round < 40; round += 1) {
    const middle = (low + high) / 2;
    if (exceedsWorstOf(n, middle) <= target) high = middle;
    else low = middle;
  }
  return high;
}

function average(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Sample standard deviation (n − 1); null for fewer than two. */
function deviation(values: readonly number[]): number | null {
  if (values.length < 2) return null;
  const mean = average(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}
