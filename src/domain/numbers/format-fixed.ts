import { exactRational, nearestEvenInteger } from './exact-rational.ts';

/**
 * A number with exactly `digits` decimals, correctly rounded on its exact binary value with ties to even, as Python's
 * `format(x, '.<digits>f')` (spec 06 §6). `toFixed` would round exact ties up: 0.125 → 0.13 instead of 0.12.
 */
export function formatFixed(value: number, digits: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  }
  const { numerator, denominator } = exactRational(value);
  const scaled = nearestEvenInteger({ numerator: numerator * 10n ** BigInt(digits), denominator });
  const text = (scaled < 0n ? -scaled : scaled).toString().padStart(digits + 1, '0');
  const whole = text.slice(0, text.length - digits);
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return digits === 0 ? `${sign}${whole}` : `${sign}${whole}.${text.slice(-digits)}`;
}
