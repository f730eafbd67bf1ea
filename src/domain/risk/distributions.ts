import library from 'jstat';

const { jStat } = library;

/** Smallest probability that is told: below it only the numbers' format is left. */
const leastProbability = Number.MIN_VALUE;

/** P(t > `t`) of Student's t with `dof` degrees of freedom; exact far out, where 1 − cdf would be 0. */
export function studentUpperTail(t: number, dof: number): number {
  if (t < 0) {
    return 1 - studentUpperTail(-t, dof);
  }
  const share = dof / (dof + t * t);
  return Math.max(leastProbability, 0.5 * jStat.ibeta(share, dof / 2, 0.5));
}

/** The z that a standard normal variable stays below with probability `p`. */
export function normalQuantile(p: number): number {
  return jStat.normal.inv(p, 0, 1);
}

/** Above this the library's normal distribution has lost most digits of the tail. */
const farOut = 5;

/** P(Z > `z`) of the standard normal distribution; never 0. */
export function normalUpperTail(z: number): number {
  if (z < farOut) {
    return jStat.normal.cdf(-z, 0, 1);
  }
  // Mills' ratio as an asymptotic series: relative error below 1e-4 from z = 5 on.
  const q = 1 / (z * z);
  const series = 1 - q * (1 - 3 * q * (1 - 5 * q * (1 - 7 * q * (1 - 9 * q))));
  return Math.max(leastProbability, (jStat.normal.pdf(z, 0, 1) / z) * series);
}

/** The value that χ² with `dof` degrees of freedom stays below with probability `p`. */
export function chiSquareQuantile(p: number, dof: number): number {
  return jStat.chisquare.inv(p, dof);
}

/**
 * Two-sided 95 % Clopper–Pearson interval of a share: exact, so never narrower than it says.
 *
 * @param failed of `of` trials
 */
export function clopperPearson(failed: number, of: number): [number, number] {
  return [
    failed === 0 ? 0 : jStat.beta.inv(0.025, failed, of - failed + 1),
    failed === of ? 1 : jStat.beta.inv(0.975, failed + 1, of - failed),
  ];
}

/** The largest share of which `failed` of `of` would still be seen with 5 % probability. */
export function shareUpperBound(failed: number, of: number): number {
  return failed >= of ? 1 : jStat.beta.inv(0.95, failed + 1, of - failed);
}

/** The library sums from the first term on and stops early where the large terms come late; beyond this they do. */
const largestNoncentrality = 24;

/** P(t′ ≤ `x`) of the noncentral t; beyond the library's range its normal approximation (Abramowitz & Stegun 26.7.10). */
function noncentralCdf(x: number, dof: number, delta: number): number {
  return Math.abs(delta) <= largestNoncentrality
    ? jStat.noncentralt.cdf(x, dof, delta)
    : approximateCdf(x, dof, delta);
}

function approximateCdf(x: number, dof: number, delta: number): number {
  const z = (x * (1 - 1 / (4 * dof)) - delta) / Math.sqrt(1 + (x * x) / (2 * dof));
  return z < 0 ? normalUpperTail(-z) : 1 - normalUpperTail(z);
}

const z95 = 1.6448536269514722;

/**
 * 95 % upper bound on the share of a normal population beyond mean + `k`·s, as `n` values gave mean and s: the p with
 * nct.cdf(k·√n; n − 1, z(1 − p)·√n) = 0.95.
 */
export function tailUpperBound(k: number, n: number): number {
  const [x, dof] = [k * Math.sqrt(n), n - 1];
  const excess = (delta: number): number => noncentralCdf(x, dof, delta) - 0.95;
  const start = x * (1 - 1 / (4 * dof)) - z95 * Math.sqrt(1 + (x * x) / (2 * dof));
  return normalUpperTail(fallingRoot(excess, start) / Math.sqrt(n));
}

/** The k with which mean + k·s of `n` normal values covers `share` of the population with 95 % confidence. */
export function toleranceFactor(n: number, share: number): number {
  const delta = normalQuantile(share) * Math.sqrt(n);
  const excess = (x: number): number => 0.95 - noncentralCdf(x, n - 1, delta);
  return fallingRoot(excess, delta + z95 * Math.sqrt(1 + (delta * delta) / (2 * n))) / Math.sqrt(n);
}

/** Where a falling function is 0, to 1e-6: brackets from a good guess, then false position (Illinois). */
function fallingRoot(value: (x: number) => number, guess: number): number {
  let [low, high] = [guess, guess];
  let [atLow, atHigh] = [value(guess), value(guess)];
  for (let step = 0.5; atLow < 0 && step < 1e9; step *= 2) {
    [high, atHigh] = [low, atLow];
    low -= step;
    atLow = value(low);
  }
  for (let step = 0.5; atHigh > 0 && step < 1e9; step *= 2) {
    [low, atLow] = [high, atHigh];
    high += step;
    atHigh = value(high);
  }
  for (let round = 0; round < 80 && high - low > 1e-6; round += 1) {
    const next = atLow === atHigh ? (low + high) / 2 : (low * atHigh - high * atLow) / (atHigh - atLow);
    const at = value(next);
    if (Math.abs(at) < 1e-8) {
      return next;
    }
    if (at > 0) {
      [low, atLow, atHigh] = [next, at, atHigh / 2];
    } else {
      [high, atHigh, atLow] = [next, at, atLow / 2];
    }
  }
  return (low + high) / 2;
}

/** Simpson's rule over ±8 standard deviations: what lies beyond is below 1e-15. */
const [span, intervals] = [8, 240];

/**
 * How often a new run lies more than `distance` standard deviations beyond the worst of `n` earlier ones, all normal;
 * 1/(n + 1) at distance 0.
 */
export function exceedsWorstOf(n: number, distance: number): number {
  let sum = 0;
  const width = (2 * span) / intervals;
  for (let index = 0; index <= intervals; index += 1) {
    const z = -span + index * width;
    const weight = index === 0 || index === intervals ? 1 : index % 2 === 0 ? 2 : 4;
    // The density of the worst of n at z, times the chance of a run beyond it.
    const density = n * (1 - normalUpperTail(z)) ** (n - 1) * jStat.normal.pdf(z, 0, 1);
    sum += weight * density * normalUpperTail(z + distance);
  }
  return Math.max(leastProbability, (sum * width) / 3);
}
