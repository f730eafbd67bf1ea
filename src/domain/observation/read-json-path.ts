import { nearestNames } from './nearest-names.ts';
import type { ExtractionProblem, WantedValue } from './extraction.ts';

/** A value read from a parsed result document, or why not. */
export type PathReading =
  | { ok: true; value: number }
  | { ok: false; problem: Pick<ExtractionProblem, 'kind' | 'nearest' | 'text'> };

type Walked = { ok: true; value: unknown } | Extract<PathReading, { ok: false }>;

const lengthForm = '__len__';

/**
 * Walks a dotted path through JSON objects and takes a finite number (metric) or a non-negative integer (count; a last
 * segment `__len__` is the length of the array reached). Nothing is converted: strings, booleans, NaN and lists are
 * refused with the reason (spec 05 §9).
 */
export function readJsonPath(document: unknown, path: string, as: WantedValue['as']): PathReading {
  const segments = path.split('.');
  const length = as === 'count' && segments.at(-1) === lengthForm;
  const walked = walk(document, length ? segments.slice(0, -1) : segments);
  if (!walked.ok) return walked;
  if (length) return lengthOf(walked.value);
  return as === 'count' ? asCount(walked.value) : asMetric(walked.value);
}

function walk(document: unknown, segments: string[]): Walked {
  let value = document;
  for (const [index, segment] of segments.entries()) {
    const parent = segments.slice(0, index);
    if (!isObject(value)) return notWalkable(value, parent);
    if (!Object.hasOwn(value, segment)) return missing(value, { parent, segment });
    value = value[segment];
  }
  return { ok: true, value };
}

function notWalkable(value: unknown, parent: string[]): Walked {
  if (parent.length === 0) {
    return refuse('not_an_object', `the document is ${kindOf(value)}, not an object`);
  }
  if (Array.isArray(value)) {
    return refuse('through_list', `${parent.join('.')} is a list, a path cannot lead through it`);
  }
  return refuse('wrong_type', `${parent.join('.')} is ${kindOf(value)}, not an object`);
}

function missing(value: Record<string, unknown>, at: { parent: string[]; segment: string }): Walked {
  const prefix = at.parent.length === 0 ? '' : `${at.parent.join('.')}.`;
  const nearest = nearestNames(at.segment, Object.keys(value)).map((key) => prefix + key);
  const where = at.parent.length === 0 ? 'the document' : at.parent.join('.');
  return refuse('path_missing', `${where} has no key "${at.segment}"`, nearest);
}

function asMetric(value: unknown): PathReading {
  if (typeof value !== 'number') return refuse('wrong_type', `the value is ${kindOf(value)}, not a number`);
  if (!Number.isFinite(value)) return refuse('not_finite', `the value is ${value}, not a finite number`);
  return { ok: true, value };
}

function asCount(value: unknown): PathReading {
  const number = asMetric(value);
  if (!number.ok) return number;
  if (Number.isSafeInteger(number.value) && number.value >= 0) return number;
  return refuse('not_a_count', `the value is ${number.value}, not a non-negative integer`);
}

function lengthOf(value: unknown): PathReading {
  if (Array.isArray(value)) return { ok: true, value: value.length };
  return refuse('wrong_type', `${lengthForm} needs a list, the value is ${kindOf(value)}`);
}

function refuse(
  kind: ExtractionProblem['kind'],
  text: string,
  nearest: string[] = [],
): Extract<PathReading, { ok: false }> {
  return { ok: false, problem: { kind, text, nearest } };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value's JSON type in words, with the value itself where it is short. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') {
    return value.length <= 40 ? `the string ${JSON.stringify(value)}` : 'a long string';
  }
  return typeof value === 'number' ? `the number ${value}` : `the boolean ${value === true}`;
}
