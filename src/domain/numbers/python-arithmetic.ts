import { exactRational, nearestEvenInteger, roundHalfEven, type ExactRational } from './python-numbers.ts';

/** A number as Python has it: an `int` and a `float` of the same value behave differently under `/`, `//` and `round`. */
export interface PythonNumber {
  value: number;
  isInteger: boolean;
}

/** What the reader computes with numbers. `call` has no arithmetic: it marks a step and hands its operand through. */
export type PythonOperation =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'floordiv'
  | 'mod'
  | 'pow'
  | 'neg'
  | 'abs'
  | 'round'
  | 'ceil'
  | 'floor'
  | 'trunc'
  | 'float'
  | 'min'
  | 'max'
  | 'sqrt'
  | 'sum'
  | 'mean'
  | 'call';

/**
 * Computes as CPython does, to the last bit.
 *
 * @returns null where Python raises, where an integer leaves the range that a double holds exactly, and where the result
 *   depends on the version of Python or of its C library (most powers of floats, sums of floats that round differently)
 */
export function applyPython(
  operation: PythonOperation,
  operands: readonly PythonNumber[],
): PythonNumber | null {
  const [left, right] = operands;
  if (left === undefined) {
    return null;
  }
  if (
    right === undefined ||
    operation === 'min' ||
    operation === 'max' ||
    operation === 'sum' ||
    operation === 'mean'
  ) {
    return checked(several(operation, operands) ?? single(operation, left));
  }
  return checked(operands.length === 2 ? binary(operation, left, right) : null);
}

function checked(number: PythonNumber | null): PythonNumber | null {
  if (number === null || (number.isInteger && !Number.isSafeInteger(number.value))) {
    return null;
  }
  // Python's int has no negative zero.
  return number.isInteger && number.value === 0 ? { value: 0, isInteger: true } : number;
}

function float(value: number): PythonNumber {
  return { value, isInteger: false };
}

function integer(value: number): PythonNumber | null {
  return Number.isSafeInteger(value) ? { value, isInteger: true } : null;
}

function single(operation: PythonOperation, { value, isInteger }: PythonNumber): PythonNumber | null {
  switch (operation) {
    case 'neg':
      return { value: -value, isInteger };
    case 'abs':
      return { value: Math.abs(value), isInteger };
    case 'round':
      return isInteger ? { value, isInteger } : toInteger(value);
    case 'ceil':
      return integer(Math.ceil(value));
    case 'floor':
      return integer(Math.floor(value));
    case 'trunc':
      return integer(Math.trunc(value));
    case 'float':
      return float(value);
    case 'sqrt':
      return value < 0 ? null : float(Math.sqrt(value));
    case 'call':
      return { value, isInteger };
    default:
      return null;
  }
}

function toInteger(value: number): PythonNumber | null {
  return Number.isFinite(value) ? integer(Number(nearestEvenInteger(exactRational(value)))) : null;
}

function several(operation: PythonOperation, operands: readonly PythonNumber[]): PythonNumber | null {
  switch (operation) {
    case 'min':
    case 'max':
      return extreme(operation, operands);
    case 'sum':
      return sum(operands);
    case 'mean':
      return mean(operands);
    default:
      return null;
  }
}

/** The first of equal operands, as in Python: `max(1, 1.0)` is the int. */
function extreme(operation: 'min' | 'max', operands: readonly PythonNumber[]): PythonNumber | null {
  let best = operands[0] ?? null;
  for (const next of operands.slice(1)) {
    if (best !== null && (operation === 'min' ? next.value < best.value : next.value > best.value)) {
      best = next;
    }
  }
  return operands.some(({ value }) => Number.isNaN(value)) ? null : best;
}

/** Python 3.12 sums floats with compensation, earlier versions do not: where the two differ there is no answer. */
function sum(operands: readonly PythonNumber[]): PythonNumber | null {
  if (operands.every(({ isInteger }) => isInteger)) {
    return integer(operands.reduce((total, { value }) => total + value, 0));
  }
  let [naive, total, lost] = [0, 0, 0];
  for (const { value } of operands) {
    naive += value;
    const next = total + value;
    lost += Math.abs(total) >= Math.abs(value) ? total - next + value : value - next + total;
    total = next;
  }
  return naive === total + lost ? float(naive) : null;
}

/** `statistics.mean` adds exactly and rounds once. */
function mean(operands: readonly PythonNumber[]): PythonNumber | null {
  if (operands.some(({ value }) => !Number.isFinite(value))) {
    return null;
  }
  let [numerator, denominator] = [0n, 1n];
  for (const { value } of operands) {
    const part = exactRational(value);
    numerator = numerator * part.denominator + part.numerator * denominator;
    denominator *= part.denominator;
  }
  const value = fromRational({ numerator, denominator: denominator * BigInt(operands.length) });
  const isInteger = operands.every((operand) => operand.isInteger) && Number.isInteger(value);
  return { value, isInteger };
}

function binary(operation: PythonOperation, left: PythonNumber, right: PythonNumber): PythonNumber | null {
  const [a, b] = [left.value, right.value];
  const isInteger = left.isInteger && right.isInteger;
  switch (operation) {
    case 'add':
      return { value: a + b, isInteger };
    case 'sub':
      return { value: a - b, isInteger };
    case 'mul':
      return { value: a * b, isInteger };
    case 'div':
      return b === 0 ? null : float(a / b);
    case 'floordiv':
      return b === 0 ? null : { value: floorDivide(a, b, isInteger), isInteger };
    case 'mod':
      return b === 0 ? null : { value: modulo(a, b), isInteger };
    case 'pow':
      return power(left, right);
    case 'round':
      return roundTo(left, right);
    default:
      return null;
  }
}

function modulo(a: number, b: number): number {
  const rest = a % b;
  if (rest === 0) {
    // The sign of a zero is the divisor's.
    return b < 0 ? -0 : 0;
  }
  return rest < 0 === b < 0 ? rest : rest + b;
}

function floorDivide(a: number, b: number, isInteger: boolean): number {
  const exact = (a - modulo(a, b)) / b;
  if (isInteger || exact === 0) {
    return isInteger ? Math.round(exact) : exact;
  }
  const floor = Math.floor(exact);
  return exact - floor > 0.5 ? floor + 1 : floor;
}

function roundTo(number: PythonNumber, digits: PythonNumber): PythonNumber | null {
  if (!digits.isInteger || Math.abs(digits.value) > 300) {
    return null;
  }
  if (digits.value >= 0) {
    const { value, isInteger } = number;
    return isInteger
      ? number
      : float(digits.value > 100 ? value : signedZero(roundHalfEven(value, digits.value), value));
  }
  if (!Number.isFinite(number.value)) {
    return number;
  }
  const unit = 10n ** BigInt(-digits.value);
  const { numerator, denominator } = exactRational(number.value);
  const rounded = nearestEvenInteger({ numerator, denominator: denominator * unit }) * unit;
  return { value: signedZero(Number(rounded), number.value), isInteger: number.isInteger };
}

function signedZero(value: number, origin: number): number {
  return value === 0 && (origin < 0 || Object.is(origin, -0)) ? -0 : value;
}

const largestExponent = 64;

/** Integer powers are exact; a float's power only where every C library must round it alike. */
function power(base: PythonNumber, exponent: PythonNumber): PythonNumber | null {
  if (
    !Number.isInteger(exponent.value) ||
    Math.abs(exponent.value) > largestExponent ||
    !Number.isFinite(base.value)
  ) {
    return null;
  }
  const isNegative = exponent.value < 0;
  if (base.value === 0) {
    return isNegative
      ? null
      : { value: exponent.value === 0 ? 1 : 0, isInteger: base.isInteger && exponent.isInteger };
  }
  const times = BigInt(Math.abs(exponent.value));
  if (base.isInteger && exponent.isInteger && !isNegative) {
    return integer(Number(BigInt(base.value) ** times));
  }
  const { numerator, denominator } = exactRational(base.value);
  const raised = { numerator: numerator ** times, denominator: denominator ** times };
  const result = isNegative
    ? positiveDenominator({ numerator: raised.denominator, denominator: raised.numerator })
    : raised;
  return isSurelyRounded(result) ? float(fromRational(result)) : null;
}

function positiveDenominator({ numerator, denominator }: ExactRational): ExactRational {
  return denominator < 0n ? { numerator: -numerator, denominator: -denominator } : { numerator, denominator };
}

/** The double nearest to a fraction, ties to even. */
export function fromRational({ numerator, denominator }: ExactRational): number {
  if (numerator === 0n) {
    return 0;
  }
  const magnitude = numerator < 0n ? -numerator : numerator;
  // 64 significant bits and a sticky bit decide the rounding to 53.
  const shift = 64n - BigInt(magnitude.toString(2).length - denominator.toString(2).length);
  const [top, bottom] = shift >= 0n ? [magnitude << shift, denominator] : [magnitude, denominator << -shift];
  const quotient = ((top / bottom) << 1n) | (top % bottom === 0n ? 0n : 1n);
  const value = Number(quotient) * 2 ** Number(-shift - 1n);
  return numerator < 0n ? -value : value;
}

/** Whether a fraction is not close to the middle between two doubles: C libraries promise less than exact rounding. */
function isSurelyRounded(fraction: ExactRational): boolean {
  const value = fromRational(fraction);
  if (!Number.isFinite(value) || Math.abs(value) < 1e-290) {
    return false;
  }
  const near = exactRational(value);
  const difference = fraction.numerator * near.denominator - near.numerator * fraction.denominator;
  const scale = fraction.denominator * near.denominator;
  const ulp = 2 ** (Math.floor(Math.log2(Math.abs(value))) - 52);
  const share = Math.abs(fromRational({ numerator: difference, denominator: scale }) / ulp);
  return share < 0.45;
}
