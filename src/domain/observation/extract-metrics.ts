import type { JsonSource, StageDefinition } from '../stages/stage.ts';
import { shown } from '../untrusted/cut-text.ts';
import { harmlessLine } from '../untrusted/harmless-text.ts';
import { nearestNames } from './parse-result-json.ts';
import { statedSources, type StatedValidity } from './stated-validity.ts';

/** Why a metric or count could not be read. */
export type ProblemKind =
  /** No `json_file`/`json_path` in `stages.yaml`. */
  | 'not_configured'
  /** `json_file` leads out of the base temp directory: absolute, `..`, or through a link. */
  | 'outside'
  | 'file_missing'
  /** There, but a folder, a pipe, or not readable. */
  | 'unreadable'
  | 'too_large'
  /** Older than the launch: another invocation's result. */
  | 'stale'
  /** Truncated, or not JSON at all. */
  | 'invalid_json'
  /** The document's top is not an object. */
  | 'not_an_object'
  | 'path_missing'
  /** The path leads through a list, which has no keys. */
  | 'through_list'
  /** String, boolean, null, list or object where a number is needed. */
  | 'wrong_type'
  /** NaN or Infinity. */
  | 'not_finite'
  /** A count that is negative or has a fraction. */
  | 'not_a_count';

/** One metric or count that came out as null, and why. */
export interface ExtractionProblem {
  kind: ProblemKind;
  /** As in `stages.yaml`, relative to the base temp directory. */
  file: string | null;
  path: string | null;
  /** Existing dotted paths of that JSON (or existing files of that base temp) closest to the missing one. */
  nearest: string[];
  /** The whole reason as one line. */
  text: string;
}

/** A result file that was read, for the observation's `result_files`. */
export interface ResultFile {
  /** Absolute. */
  path: string;
  /** Hex. */
  sha256: string;
  /** `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
  mtime: string;
}

/** What one stage's metrics and counts read as after a pytest run. */
export interface StageExtraction extends StatedValidity {
  /** Catalog order; null where `why` says so. */
  metrics: Record<string, number | null>;
  sample_counts: { total: number | null; ok: number | null };
  /** Reason per null, by metric key or `sample_counts.total` / `sample_counts.ok`. */
  why: Record<string, string>;
  /** The same nulls with their parts, for a HALT's cause. */
  problems: Record<string, ExtractionProblem>;
  result_files: ResultFile[];
}

/** A result file as the host found it: its parsed document, or why there is none. */
export type LoadedDocument =
  | { kind: 'document'; value: unknown; file: ResultFile }
  /** Read beside this process: only what was wanted of it, by `readingKey`. */
  | { kind: 'readings'; readings: Readonly<Record<string, PathReading>>; file: ResultFile }
  | { kind: 'problem'; problem: Pick<ExtractionProblem, 'kind' | 'nearest' | 'text'> };

/** A place in a result document, and what is to stand there. */
export interface WantedPath {
  path: string;
  as: WantedValue['as'];
}

export function readingKey({ path, as }: WantedPath): string {
  return `${as} ${path}`;
}

/** Key of a count in `why` and `problems`. */
export function countKey(count: 'total' | 'ok'): string {
  return `sample_counts.${count}`;
}

/** One value that a stage wants from a result file. */
export interface WantedValue {
  /** Metric key, `countKey(…)`, or the key of a boolean that the stage states. */
  key: string;
  as: 'metric' | 'count' | 'boolean';
  source: JsonSource;
}

/** What of a stage's definition says which values it reads. */
export type ReadStage = Pick<
  StageDefinition,
  'metrics' | 'sample_counts' | 'observation_validity' | 'allowed_pytest_failure'
>;

/** Everything a stage reads, metrics in catalog order, then `total` and `ok`, then booleans; nothing for a docs stage. */
export function wantedValues(stage: ReadStage): WantedValue[] {
  const metrics = Object.entries(stage.metrics);
  if (metrics.length === 0) return [];
  const none = { json_file: null, json_path: null };
  const counts = stage.sample_counts ?? { total: none, ok: none };
  return [
    ...metrics.map(([key, source]): WantedValue => ({ key, as: 'metric', source })),
    { key: countKey('total'), as: 'count', source: counts.total },
    { key: countKey('ok'), as: 'count', source: counts.ok },
    ...statedSources(stage).map(({ key, source }): WantedValue => ({ key, as: 'boolean', source })),
  ];
}

type NumberReading = { ok: true; value: number } | Extract<PathReading, { ok: false }>;

/** A value read from a parsed result document, or why not. */
export type PathReading =
  | { ok: true; value: number | boolean }
  | { ok: false; problem: Pick<ExtractionProblem, 'kind' | 'nearest' | 'text'> };

type Walked = { ok: true; value: unknown } | Extract<PathReading, { ok: false }>;

const lengthForm = '__len__';

/**
 * Walks a dotted path through JSON objects and takes a finite number (metric) or a non-negative integer (count; a last
 * segment `__len__` is the length of the array reached). Nothing is converted: strings, booleans, NaN and lists are
 * refused with the reason.
 */
export function readJsonPath(document: unknown, path: string, as: WantedValue['as']): PathReading {
  const segments = path.split('.');
  const length = as === 'count' && segments.at(-1) === lengthForm;
  const walked = walk(document, length ? segments.slice(0, -1) : segments);
  if (!walked.ok) return walked;
  if (length) return lengthOf(walked.value);
  if (as === 'boolean') return asBoolean(walked.value);
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
  const nearest = nearestNames(at.segment, Object.keys(value)).map((key) => shown(prefix + key));
  const where = at.parent.length === 0 ? 'the document' : at.parent.join('.');
  return refuse('path_missing', `${where} has no key "${at.segment}"`, nearest);
}

function asBoolean(value: unknown): PathReading {
  if (typeof value === 'boolean') return { ok: true, value };
  return refuse('wrong_type', `the value is ${kindOf(value)}, not true or false`);
}

function asMetric(value: unknown): NumberReading {
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
    return value.length <= 40 ? `the string ${harmlessLine(JSON.stringify(value))}` : 'a long string';
  }
  return typeof value === 'number' ? `the number ${value}` : `the boolean ${value === true}`;
}

/**
 * Reads a stage's metrics and counts from its loaded result files. `documents` holds one entry per
 * configured `json_file`; nothing is parsed from stdout.
 */
export function extractValues(
  stage: ReadStage,
  documents: ReadonlyMap<string, LoadedDocument>,
): StageExtraction {
  const values = new Map<string, number>();
  const stated = new Map<string, boolean>();
  const problems: Record<string, ExtractionProblem> = {};
  const files = new Map<string, ResultFile>();
  for (const wanted of wantedValues(stage)) {
    const reading = readValue(wanted, documents, files);
    if (typeof reading === 'number') values.set(wanted.key, reading);
    else if (typeof reading === 'boolean') stated.set(wanted.key, reading);
    else problems[wanted.key] = reading;
  }
  return {
    metrics: Object.fromEntries(Object.keys(stage.metrics).map((key) => [key, values.get(key) ?? null])),
    sample_counts: {
      total: values.get(countKey('total')) ?? null,
      ok: values.get(countKey('ok')) ?? null,
    },
    why: Object.fromEntries(Object.entries(problems).map(([key, problem]) => [key, problem.text])),
    problems,
    result_files: [...files.values()],
    ...statedBy(stage, stated),
  };
}

function statedBy(stage: ReadStage, stated: ReadonlyMap<string, boolean>): StatedValidity {
  const valueOf = (key: string) => stated.get(key) ?? null;
  return {
    ...(stage.observation_validity === undefined
      ? {}
      : { observation_valid: valueOf('observation_validity') }),
    ...(stage.allowed_pytest_failure === undefined
      ? {}
      : { allowed_pytest_failure: valueOf('allowed_pytest_failure') }),
  };
}

function readValue(
  wanted: WantedValue,
  documents: ReadonlyMap<string, LoadedDocument>,
  files: Map<string, ResultFile>,
): number | boolean | ExtractionProblem {
  const { json_file: file, json_path: path } = wanted.source;
  if (file === null || path === null) {
    return { kind: 'not_configured', file, path, nearest: [], text: 'no json_file/json_path in stages.yaml' };
  }
  const loaded = documents.get(file);
  if (loaded === undefined) throw new Error(`result file ${file} was never loaded`);
  if (loaded.kind === 'problem') {
    return { ...loaded.problem, file, path, text: `${file}: ${withNearest(loaded.problem)}` };
  }
  files.set(loaded.file.path, loaded.file);
  const reading = readingIn(loaded, { path, as: wanted.as });
  if (reading.ok) return reading.value;
  return { ...reading.problem, file, path, text: `${file}::${path}: ${withNearest(reading.problem)}` };
}

function readingIn(
  loaded: Exclude<LoadedDocument, { kind: 'problem' }>,
  { path, as }: WantedPath,
): PathReading {
  if (loaded.kind === 'document') return readJsonPath(loaded.value, path, as);
  const reading = loaded.readings[readingKey({ path, as })];
  if (reading === undefined) throw new Error(`${path} was never read`);
  return reading;
}

function withNearest(problem: Pick<ExtractionProblem, 'text' | 'nearest'>): string {
  return problem.nearest.length === 0
    ? problem.text
    : `${problem.text}; there is: ${problem.nearest.join(', ')}`;
}
