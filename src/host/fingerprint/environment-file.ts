import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import { type CiMetrics, ciMetricsSchema } from '../../domain/fingerprint/ci-metrics.ts';
import {
  type EnvironmentDocument,
  environmentDocumentSchema,
  type EnvironmentFacts,
  environmentFactsSchema,
} from '../../domain/fingerprint/environment.ts';
import { precheckEnvironment } from '../../domain/fingerprint/precheck-environment.ts';
import { firstIssue, messageOf } from '../../domain/text.ts';
import { jsonDocument, keepCopy, namesIn, readIfPresent, writeJsonAtomic } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';

/**
 * A run directory's `environment.json`, null where there is none.
 *
 * @throws CalibError `invalid-input` naming the file and what is wrong in it
 */
export async function readEnvironment(runDir: string): Promise<EnvironmentDocument | null> {
  const path = runPaths.environment(runDir);
  const content = await readIfPresent(path);
  return content === null ? null : parseEnvironment(path, parseJson(path, content));
}

/**
 * A parsed `environment.json`.
 *
 * @throws CalibError `invalid-input` naming the file and the key, also for a version of the format that is not known
 */
export function parseEnvironment(path: string, document: unknown): EnvironmentDocument {
  const parsed = environmentDocumentSchema.safeParse(document);
  if (parsed.success) return parsed.data;
  throw damaged(path, firstIssue(parsed.error));
}

/** @throws CalibError `invalid-input` naming the file */
export function parseJson(path: string, content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch (error) {
    throw damaged(path, `not JSON: ${messageOf(error)}`);
  }
}

function damaged(path: string, detail: string): CalibError {
  return new CalibError('invalid-input', `corrupt ${path}: ${detail}`, {
    remedy: 'restore it from a copy, or move it away: what is not recorded is not compared',
  });
}

/**
 * Records an environment: the first of a directory as `environment.json`, which is never written again; a later one
 * that says something else beside it as `environment.json.{n}`. Twice equals once.
 *
 * @returns the name under which it stands
 * @throws CalibError when the file system refuses, or a recorded one cannot be read
 */
export async function keepEnvironment(runDir: string, document: EnvironmentDocument): Promise<string> {
  const path = runPaths.environment(runDir);
  const first = await readEnvironment(runDir);
  if (first === null) {
    await writeJsonAtomic(path, document);
    return 'environment.json';
  }
  if (sayTheSame(first, document)) return 'environment.json';
  for (const name of await namesIn(runDir)) {
    if (!/^environment\.json\.[1-9]\d*$/.test(name)) continue;
    const kept = join(runDir, name);
    const content = await readIfPresent(kept);
    if (content !== null && sayTheSame(parseEnvironment(kept, parseJson(kept, content)), document))
      return name;
  }
  return await keepCopy(path, Buffer.from(jsonDocument(document)));
}

/** Whatever the time at which they were taken. */
function sayTheSame(a: EnvironmentDocument, b: EnvironmentDocument): boolean {
  return factsText(a) === factsText(b);
}

function factsText(document: EnvironmentDocument): string {
  const facts = environmentFactsSchema.parse(document);
  const sorted = Object.entries(facts).map(([name, value]) => [
    name,
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
      : value,
  ]);
  return JSON.stringify(sorted);
}

export interface RecordedEnvironment {
  /** File that it was read from. */
  file: string;
  /** Null where the file has no hash of its own: a `precheck.json`. */
  identity_sha256: string | null;
  facts: EnvironmentFacts;
  /** What CI measured in it, where the document says so. */
  metrics?: CiMetrics;
}

/**
 * What the repeats of a run directory ran in, for a resume to compare with: its `environment.json`, else what the
 * earliest of its prechecks that passed tells. Null where nothing is recorded.
 *
 * @throws CalibError `invalid-input` for an `environment.json` that cannot be read; a `precheck.json` is only evidence
 */
export async function readSessionEnvironment(runDir: string): Promise<RecordedEnvironment | null> {
  const document = await readEnvironment(runDir);
  const file = runPaths.environment(runDir);
  if (document !== null) return { file, identity_sha256: document.identity_sha256, facts: document };
  // `precheck.<time>.json` are of earlier starts and sort before `precheck.json`.
  for (const name of await namesIn(runDir)) {
    if (!/^precheck(\.[0-9TZ]+)?\.json$/.test(name)) continue;
    const content = await readIfPresent(join(runDir, name));
    const precheck = content === null ? null : precheckEnvironment(parseOrNull(content));
    if (precheck?.passed === true) {
      return { file: join(runDir, name), identity_sha256: null, facts: precheck.facts };
    }
  }
  return null;
}

function parseOrNull(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString('utf8'));
  } catch {
    return null;
  }
}

/**
 * An environment that somebody names: a run directory, an `environment.json` or a `precheck.json`.
 *
 * @throws CalibError `invalid-input` saying what is not there or cannot be read
 */
export async function readNamedEnvironment(place: string): Promise<RecordedEnvironment> {
  const stats = await stat(place).catch(() => null);
  if (stats === null) throw notThere(`${place} does not exist`);
  if (!stats.isDirectory()) return await readFileAt(place);
  for (const file of [runPaths.environment(place), runPaths.precheck(place)]) {
    if ((await readIfPresent(file)) !== null) return await readFileAt(file);
  }
  const [environment, precheck] = [runPaths.environment(''), runPaths.precheck('')];
  throw notThere(`${join(place, '/')} holds neither ${environment} nor ${precheck}`);
}

async function readFileAt(file: string): Promise<RecordedEnvironment> {
  const content = await readIfPresent(file);
  if (content === null) throw notThere(`${file} does not exist`);
  return environmentOf(file, content);
}

/**
 * An environment from the text of an `environment.json` or a `precheck.json`.
 *
 * @param file as named in messages
 * @throws CalibError `invalid-input` for text that is neither
 */
export function environmentOf(file: string, content: Buffer): RecordedEnvironment {
  const document = parseJson(file, content);
  if (typeof document === 'object' && document !== null && isEnvironment(document)) {
    const environment = parseEnvironment(file, document);
    return {
      file,
      identity_sha256: environment.identity_sha256,
      facts: environment,
      ...metricsIn(file, document),
    };
  }
  const precheck = precheckEnvironment(document);
  if (precheck === null) throw notThere(`${file} is neither an environment.json nor a precheck.json`);
  return { file, identity_sha256: null, facts: precheck.facts };
}

/** @throws CalibError naming the file and the key */
function metricsIn(file: string, document: object): Pick<RecordedEnvironment, 'metrics'> {
  if (!('metrics' in document)) return {};
  const parsed = ciMetricsSchema.safeParse(document.metrics);
  if (parsed.success) return { metrics: parsed.data };
  throw damaged(file, `metrics: ${firstIssue(parsed.error)}`);
}

function isEnvironment(document: object): boolean {
  return 'schema' in document && String(document.schema).startsWith('calib.environment/');
}

function notThere(message: string): CalibError {
  return new CalibError('invalid-input', message, {
    remedy: 'give a run directory, its environment.json, or a precheck.json',
  });
}
