import { formatFixed } from './format-fixed.ts';

/**
 * Python's `round(x, digits)` for digits ≥ 0: the nearest decimal, decided on the exact binary value, ties to even
 * (spec 06 §9). NaN and the infinities come back as they are.
 */
export function roundHalfEven(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(formatFixed(value, digits)) : value;
}
