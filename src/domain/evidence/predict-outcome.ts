import type { GateAssertion } from '../gates/gate.ts';
import { roundHalfEven } from '../numbers/python-numbers.ts';

/**
 * The number that the suite compares, made from the measured one by the steps that were read.
 *
 * @returns null where a step is not plain arithmetic with one number
 */
export function comparedValue(measured: number, steps: GateAssertion['value_steps']): number | null {
  let value = measured;
  for (const { kind, by } of steps) {
    const next = step(kind, value, by);
    if (next === null || !Number.isFinite(next)) return null;
    value = next;
  }
  return value;
}

function step(kind: string, value: number, by: number | null): number | null {
  switch (kind) {
    case 'neg':
      return -value;
    case 'abs':
      return Math.abs(value);
    case 'int':
      return Math.trunc(value);
    case 'float':
      return value;
    case 'round':
      return roundHalfEven(value, by ?? 0);
    default:
      return by === null ? null : arithmetic(kind, value, by);
  }
}

function arithmetic(kind: string, value: number, by: number): number | null {
  switch (kind) {
    case 'mul':
      return value * by;
    case 'div':
      return value / by;
    case 'add':
      return value + by;
    case 'sub':
      return value - by;
    case 'rsub':
      return by - value;
    case 'rdiv':
      return by / value;
    default:
      return null;
  }
}

/** What an assertion says of a measured value; null where its numbers are not certain. */
export function predictOutcome(measured: number, assertion: GateAssertion): 'pass' | 'fail' | null {
  const { op, threshold, centre, inclusive, value_steps: steps } = assertion;
  const value = comparedValue(measured, steps);
  if (value === null || threshold === null) return null;
  if (op === 'within') {
    if (centre === null) return null;
    const distance = Math.abs(value - centre);
    return verdict(inclusive ? distance <= threshold : distance < threshold);
  }
  if (value === threshold) return verdict(inclusive);
  return verdict(op.startsWith('>') ? value > threshold : value < threshold);
}

function verdict(passes: boolean): 'pass' | 'fail' {
  return passes ? 'pass' : 'fail';
}
