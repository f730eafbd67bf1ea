import { ceilingInteger, exactRational } from './exact-rational.ts';

const steps = 10_000;

/**
 * The smallest k/10000, as a double, that is not below `value` (spec 06 §9). Multiplying in doubles instead would loosen
 * exact four-decimal values such as 0.0119, whose product with 10000 lands just above 119.
 */
export function ceilTo4Decimals(value: number): number {
  // From 2^53 on doubles are integers, and infinities and NaN have no decimals at all.
  if (!(Math.abs(value) < Number.MAX_SAFE_INTEGER / steps)) {
    return value;
  }
  const { numerator, denominator } = exactRational(value);
  let k = Number(ceilingInteger({ numerator: numerator * BigInt(steps), denominator }));
  // The double nearest to (k − 1)/10000 may itself lie at or above the value although the exact fraction does not.
  while ((k - 1) / steps >= value) {
    k -= 1;
  }
  return k / steps;
}
