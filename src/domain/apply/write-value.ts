import type { Worst } from '../metrics/metric-kind.ts';
import { ceilTo4Decimals, pythonFloatText, roundHalfEven } from '../numbers/python-numbers.ts';

export interface WriteValueOptions {
  /** The metric registry's group: `wer`, `speed`, `accuracy`, … */
  group: string;
  worst: Worst;
  /** Display digits. */
  digits: number;
  /** Display scale; only tells a count (1) from a fraction shown as a percentage. */
  scale: number;
}

/** Groups whose worst observation is written as it is. */
const exactGroups = new Set(['accuracy', 'similarity', 'utmos', 'diarization']);

/**
 * A metric that counts things: shown unscaled and without decimals, written as an integer. A fraction
 * shown as a whole percentage is no count.
 */
export function isCount({ group, digits, scale }: Omit<WriteValueOptions, 'worst'>): boolean {
  return digits === 0 && scale === 1 && !exactGroups.has(group);
}

/**
 * The value that an apply writes for a worst-of-N, in the metric's native unit; never stricter than what was
 * observed. Null without an observation. No CI slack is ever baked in.
 */
export function writeValue(worstRaw: number | null, options: WriteValueOptions): number | null {
  if (worstRaw === null) {
    return null;
  }
  if (exactGroups.has(options.group)) {
    return worstRaw;
  }
  if (options.group === 'reliability' || isCount(options)) {
    // `+ 0` turns the -0 that Math.ceil gives for (-1, 0) into a plain zero.
    return (options.worst === 'max' ? Math.ceil(worstRaw) : Math.floor(worstRaw)) + 0;
  }
  if (options.group === 'wer') {
    return options.worst === 'max' ? ceilTo4Decimals(worstRaw) : worstRaw;
  }
  const rounded = roundHalfEven(worstRaw, options.digits);
  return isStricter(rounded, worstRaw, options.worst) ? worstRaw : rounded;
}

/** True when `candidate` as a threshold would reject `observed`. */
export function isStricter(candidate: number, observed: number, worst: Worst): boolean {
  return worst === 'min' ? candidate > observed : candidate < observed;
}

export interface WriteTextOptions extends WriteValueOptions {
  /** True when the literal that is replaced is written as an integer. */
  currentIsInteger: boolean;
}

/**
 * The literal that goes into the Python file: the shortest decimal that reads back as the value; without a point for
 * counts and where an integral value replaces an integer.
 */
export function writeText(value: number, options: WriteTextOptions): string {
  const integral = Number.isInteger(value);
  if (integral && Math.abs(value) < 1e16 && (isWrittenAsInteger(options) || options.currentIsInteger)) {
    return (value + 0).toString();
  }
  return pythonFloatText(value);
}

function isWrittenAsInteger(options: WriteValueOptions): boolean {
  return options.group === 'reliability' || isCount(options);
}
