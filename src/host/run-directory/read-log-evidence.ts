import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

import type { Plan } from '../../domain/plan/plan.ts';
import { runPaths } from './paths.ts';

/** A pattern that proves an optimisation active, with how often a log must show it (spec 06 §14). */
export interface EvidencePattern {
  name: string;
  pattern: RegExp;
  min_count: number;
}

export interface LogEvidence {
  name: string;
  min_count: number;
  /** Matching lines in the log that has the fewest. */
  fewest: number;
  /** Logs that could be read. */
  logs: number;
}

/** Counts lines that match each pattern in the last pytest log of every repeat; each log is read once. */
export async function readLogEvidence(options: {
  runDir: string;
  plan: Plan;
  patterns: readonly EvidencePattern[];
}): Promise<LogEvidence[]> {
  const { runDir, plan, patterns } = options;
  const counts: number[][] = [];
  for (const unit of patterns.length === 0 ? [] : (plan.units ?? [])) {
    for (let repeat = 1; repeat <= plan.repeats; repeat += 1) {
      const found = await countInLog(runPaths.log(runDir, unit.namespace, repeat), patterns);
      if (found !== null) {
        counts.push(found);
      }
    }
  }
  return patterns.map(({ name, min_count }, index) => ({
    name,
    min_count,
    fewest: counts.length === 0 ? 0 : Math.min(...counts.map((found) => found[index] ?? 0)),
    logs: counts.length,
  }));
}

async function countInLog(path: string, patterns: readonly EvidencePattern[]): Promise<number[] | null> {
  const counts = patterns.map(() => 0);
  try {
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      for (const [index, { pattern }] of patterns.entries()) {
        pattern.lastIndex = 0;
        if (pattern.test(line)) {
          counts[index] = (counts[index] ?? 0) + 1;
        }
      }
    }
    return counts;
  } catch {
    return null;
  }
}
