import { join } from 'node:path';

import { CalibError } from '../../domain/calib-error.ts';
import {
  environmentDocumentSchema,
  environmentFactsSchema,
  type EnvironmentDocument,
} from '../../domain/fingerprint/environment-document.ts';
import { firstIssue } from '../../domain/first-issue.ts';
import { messageOf } from '../../domain/message-of.ts';
import { namesIn, readIfPresent } from '../run-directory/file-entries.ts';
import { keepCopy } from '../run-directory/keep-copy.ts';
import { runPaths } from '../run-directory/paths.ts';
import { jsonDocument, writeJsonAtomic } from '../run-directory/write-atomic.ts';

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
 * Records an environment: the first of a directory as `environment.json`, which is never written again; a later one that
 * says something else beside it as `environment.json.{n}`. Twice equals once.
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
