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

const steps = 10_000;

/**
 * The smallest k/10000, as a double, that is not below `value`. Multiplying in doubles instead would loosen
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

/**
 * A number with exactly `digits` decimals, correctly rounded on its exact binary value with ties to even, as Python's
 * `format(x, '.<digits>f')`. `toFixed` would round exact ties up: 0.125 → 0.13 instead of 0.12.
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

/**
 * A float as Python's `repr` writes it: the shortest decimal that reads back as the same double, at least one decimal,
 * an exponent only for |x| < 1e-4 or |x| ≥ 1e16 and then with two digits (`1e-07`).
 */
export function pythonFloatText(value: number): string {
  if (!Number.isFinite(value)) {
    return Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf';
  }
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const [mantissa = '0', power = '0'] = Math.abs(value).toExponential().split('e');
  const digits = mantissa.replace('.', '');
  const exponent = Number(power);
  return `${sign}${exponent < -4 || exponent >= 16 ? scientific(digits, exponent) : positional(digits, exponent)}`;
}

function scientific(digits: string, exponent: number): string {
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : '';
  const power = Math.abs(exponent).toString().padStart(2, '0');
  return `${digits.slice(0, 1)}${fraction}e${exponent < 0 ? '-' : '+'}${power}`;
}

function positional(digits: string, exponent: number): string {
  if (exponent < 0) {
    return `0.${'0'.repeat(-exponent - 1)}${digits}`;
  }
  const whole = digits.slice(0, exponent + 1).padEnd(exponent + 1, '0');
  return `${whole}.${digits.slice(exponent + 1) || '0'}`;
}

const decimalInteger = /^(?:[1-9](?:_?\d)*|0(?:_?0)*)$/;
const prefixedInteger = /^0(?:[xX](?:_?[\da-fA-F])+|[oO](?:_?[0-7])+|[bB](?:_?[01])+)$/;
const digits = String.raw`\d(?:_?\d)*`;
const float = new RegExp(
  `^(?:(?:${digits})?\\.${digits}|${digits}\\.)(?:[eE][+-]?${digits})?$|^${digits}[eE][+-]?${digits}$`,
);

/**
 * Reads a Python numeric literal of any spelling (`1_000`, `.5`, `5.`, `1E-3`, `0x1F`), optionally signed, white space
 * after the sign allowed.
 *
 * @returns null for what Python does not accept as a real number (`0777`, `1L`, `3j`) and for a number beyond the range
 *   of a double; an integer beyond 2^53 loses precision
 */
export function parsePythonNumber(text: string): { value: number; isInteger: boolean } | null {
  const match = /^([+-]?)\s*(\S+)$/.exec(text.trim());
  const unsigned = match?.[2] ?? '';
  const isInteger = decimalInteger.test(unsigned) || prefixedInteger.test(unsigned);
  if (!isInteger && !float.test(unsigned)) {
    return null;
  }
  const magnitude = Number(unsigned.replaceAll('_', ''));
  if (!Number.isFinite(magnitude)) {
    return null;
  }
  const negative = match?.[1] === '-' && !(isInteger && magnitude === 0);
  return { value: negative ? -magnitude : magnitude, isInteger };
}

/**
 * Python's `round(x, digits)` for digits ≥ 0: the nearest decimal, decided on the exact binary value, ties to even.
 * NaN and the infinities come back as they are.
 */
export function roundHalfEven(value: number, digits: number): number {
  return Number.isFinite(value) ? Number(formatFixed(value, digits)) : value;
}
