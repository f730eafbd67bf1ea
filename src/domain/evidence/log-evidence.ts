import { z } from 'zod';

import { counted } from '../text.ts';

/** A pattern of the model's config that proves an optimisation active; `pattern` is Python's dialect. */
export const evidencePatternSchema = z.object({
  name: z.string(),
  pattern: z.string(),
  /** Matching lines that the log of each pytest run must have. */
  min_count: z.number().int().positive(),
});
export type EvidencePattern = z.infer<typeof evidencePatternSchema>;

/** How often a pattern stands in the pytest logs of a session. */
export interface LogEvidence {
  name: string;
  min_count: number;
  /** Matching lines in the log that has the fewest; 0 without a log. */
  fewest: number;
  /** Logs that could be read. */
  logs: number;
  /** Every pytest run whose log has too few matching lines, or cannot be read (`count` null). */
  lacking: { namespace: string; repeat: number; count: number | null }[];
}

const mostShown = 5;

/** True when every log shows the pattern often enough; without any log nothing is proven. */
export function isFound({ logs, lacking }: LogEvidence): boolean {
  return logs > 0 && lacking.length === 0;
}

/**
 * One line on one pattern: what was found where.
 *
 * @param emphasis surrounds the words "not found", for example `**` in Markdown
 */
export function describeEvidence(evidence: LogEvidence, emphasis = ''): string {
  const { name, min_count: wanted, fewest, logs, lacking } = evidence;
  if (isFound(evidence)) {
    return `${name}: found (at least ${counted(fewest, 'line')} in ${logs === 1 ? 'the one log' : `each of ${logs} logs`})`;
  }
  const places = lacking
    .slice(0, mostShown)
    .map(({ namespace, repeat, count }) => `${namespace} run ${repeat}: ${count ?? 'no log'}`);
  const rest = lacking.length > mostShown ? [`${lacking.length - mostShown} more`] : [];
  const where = lacking.length === 0 ? 'no logs' : [...places, ...rest].join(', ');
  return `${name}: ${emphasis}not found${emphasis} (${counted(wanted, 'line')} wanted in each log; ${where})`;
}
