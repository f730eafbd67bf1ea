import { createReadStream } from 'node:fs';

import type { RunSnapshot } from '../../domain/audit/run-snapshot.ts';
import { compilePythonPattern } from '../../domain/catalog/python-pattern.ts';
import type { EvidencePattern, LogEvidence } from '../../domain/evidence/log-evidence.ts';
import { recordedRuns } from '../../domain/report/recorded-runs.ts';
import { EvidenceCounter } from '../log/evidence-counter.ts';
import { runPaths } from './paths.ts';

export interface ReadLogEvidenceOptions {
  snapshot: RunSnapshot;
  patterns: readonly EvidencePattern[];
}

/**
 * Counts lines that match each pattern in the pytest log of every recorded repeat (the last attempt's: the one that was
 * observed). Each log is read once, in bounded memory.
 *
 * @throws SyntaxError for a pattern that does not compile; a loaded model config has none
 */
export async function readLogEvidence(options: ReadLogEvidenceOptions): Promise<LogEvidence[]> {
  const { snapshot, patterns } = options;
  const expressions = patterns.map(({ pattern }) => compilePythonPattern(pattern, 'search'));
  const counted: { namespace: string; repeat: number; counts: number[] | null }[] = [];
  for (const { namespace, repeat } of patterns.length === 0 ? [] : recordedRuns(snapshot)) {
    const path = runPaths.log(snapshot.run_dir, namespace, repeat);
    counted.push({ namespace, repeat, counts: await countInLog(path, expressions) });
  }
  return patterns.map(({ name, min_count }, index) => {
    const counts = counted.flatMap(({ counts }) => (counts === null ? [] : [counts[index] ?? 0]));
    return {
      name,
      min_count,
      fewest: counts.length === 0 ? 0 : Math.min(...counts),
      logs: counts.length,
      lacking: counted.flatMap(({ namespace, repeat, counts }) => {
        const count = counts === null ? null : (counts[index] ?? 0);
        return count === null || count < min_count ? [{ namespace, repeat, count }] : [];
      }),
    };
  });
}

/** Null for a log that cannot be read: it proves nothing, and is no reason to have no report. */
async function countInLog(path: string, expressions: readonly RegExp[]): Promise<number[] | null> {
  const counter = new EvidenceCounter(expressions);
  try {
    for await (const piece of createReadStream(path)) {
      counter.push(piece as Buffer);
    }
    return counter.end();
  } catch {
    return null;
  }
}
