/** A double as the exact fraction that it is: numerator / denominator, denominator a power of two. */
export interface ExactRational {
  numerator: bigint;
  denominator: bigint;
}

const mantissaBits = 52n;
const exponentBias = 1075n;

/**
 * The exact value of a finite double.
 *
 * @throws RangeError for NaN and the infinities, which are no fractions.
 */
export function exactRational(value: number): ExactRational {
  if (!Number.isFinite(value)) {
    throw new RangeError(`not a finite number: ${value}`);
  }
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n;
  const biased = (bits >> mantissaBits) & 0x7ffn;
  const fraction = bits & ((1n << mantissaBits) - 1n);
  // Subnormals have no hidden bit and the exponent of the smallest normal number.
  const mantissa = biased === 0n ? fraction : fraction | (1n << mantissaBits);
  const exponent = (biased === 0n ? 1n : biased) - exponentBias;
  const signed = bits >> 63n === 1n ? -mantissa : mantissa;
  return exponent >= 0n
    ? { numerator: signed << exponent, denominator: 1n }
    : { numerator: signed, denominator: 1n << -exponent };
}

/** The integer nearest to a fraction, ties to the even one. */
export function nearestEvenInteger({ numerator, denominator }: ExactRational): bigint {
  const magnitude = numerator < 0n ? -numerator : numerator;
  const quotient = magnitude / denominator;
  const twice = (magnitude % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  const rounded = up ? quotient + 1n : quotient;
  return numerator < 0n ? -rounded : rounded;
}

/** The smallest integer that is not below a fraction. */
export function ceilingInteger({ numerator, denominator }: ExactRational): bigint {
  const quotient = numerator / denominator;
  return numerator > 0n && numerator % denominator !== 0n ? quotient + 1n : quotient;
}
