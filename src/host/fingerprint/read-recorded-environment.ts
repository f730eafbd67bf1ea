import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import type { EnvironmentFacts } from '../../domain/fingerprint/environment-document.ts';
import { precheckEnvironment } from '../../domain/fingerprint/precheck-environment.ts';
import { namesIn, readIfPresent } from '../run-directory/file-entries.ts';
import { runPaths } from '../run-directory/paths.ts';
import { parseEnvironment, parseJson, readEnvironment } from './environment-file.ts';

export interface RecordedEnvironment {
  /** File that it was read from. */
  file: string;
  /** Null where the file has no hash of its own: a `precheck.json`. */
  identity_sha256: string | null;
  facts: EnvironmentFacts;
}

/**
 * What the repeats of a run directory ran in, for a resume to compare with: its `environment.json`, else what the earliest
 * of its prechecks that passed tells. Null where nothing is recorded.
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
  const document = parseJson(file, content);
  if (typeof document === 'object' && document !== null && isEnvironment(document)) {
    const environment = parseEnvironment(file, document);
    return { file, identity_sha256: environment.identity_sha256, facts: environment };
  }
  const precheck = precheckEnvironment(document);
  if (precheck === null) throw notThere(`${file} is neither an environment.json nor a precheck.json`);
  return { file, identity_sha256: null, facts: precheck.facts };
}

function isEnvironment(document: object): boolean {
  return 'schema' in document && String(document.schema).startsWith('calib.environment/');
}

function notThere(message: string): CalibError {
  return new CalibError('invalid-input', message, {
    remedy: 'give a run directory, its environment.json, or a precheck.json',
  });
}
