import { createReadStream } from 'node:fs';

import { z } from 'zod';

import { compilePythonPattern } from '../../domain/catalog/python-pattern.ts';
import type { EvidencePattern } from '../../domain/evidence/log-evidence.ts';
import { parseDocument } from '../files/parse-document.ts';
import { EvidenceCounter } from '../log/evidence-counter.ts';
import type { RepeatPlace } from './attempts-file.ts';
import { readIfPresent } from './file-entries.ts';
import { runPaths } from './paths.ts';
import { jsonDocument } from './write-atomic.ts';

/** `run{k}.evidence.json`: what was counted in a log that lies on another host (spec 06 §14). */
const logEvidenceSchema = z.object({
  schema: z.literal('calib.log-evidence/1'),
  counts: z.array(z.object({ pattern: z.string(), count: z.number().int().nonnegative() })),
});

/**
 * Lines of a repeat's log (its last attempt's) that match each pattern. The log is read once, in bounded memory. Null for
 * one that cannot be read: it proves nothing.
 *
 * @throws SyntaxError for a pattern that does not compile; a loaded model config has none
 */
export async function countLogEvidence(
  { runDir, namespace, repeat }: RepeatPlace,
  patterns: readonly EvidencePattern[],
): Promise<number[] | null> {
  const counter = new EvidenceCounter(patterns.map(({ pattern }) => compilePythonPattern(pattern, 'search')));
  try {
    for await (const piece of createReadStream(runPaths.log(runDir, namespace, repeat))) {
      counter.push(piece as Buffer);
    }
    return counter.end();
  } catch {
    return null;
  }
}

/** The text of `run{k}.evidence.json` for the counts of `countLogEvidence`. */
export function logEvidenceDocument(patterns: readonly EvidencePattern[], counts: readonly number[]): string {
  return jsonDocument({
    schema: 'calib.log-evidence/1',
    counts: patterns.map(({ pattern }, index) => ({ pattern, count: counts[index] ?? 0 })),
  });
}

/**
 * What the host that has the log has counted, a number for each pattern; null where it has not counted all of them.
 * A damaged file is like none: it proves nothing, and is no reason to have no report.
 */
export async function readCountedEvidence(
  place: RepeatPlace,
  patterns: readonly EvidencePattern[],
): Promise<number[] | null> {
  const bytes = await readIfPresent(runPaths.evidence(place.runDir, place.namespace, place.repeat));
  if (bytes === null) return null;
  try {
    const { counts } = parseDocument(bytes, logEvidenceSchema);
    const byPattern = new Map(counts.map(({ pattern, count }) => [pattern, count]));
    const wanted = patterns.flatMap(({ pattern }) => byPattern.get(pattern) ?? []);
    return wanted.length === patterns.length ? wanted : null;
  } catch {
    return null;
  }
}
