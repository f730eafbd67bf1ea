import { createReadStream } from 'node:fs';
import { StringDecoder } from 'node:string_decoder';

import { z } from 'zod';

import type { RunSnapshot } from '../../../domain/audit/strict.ts';
import { compilePythonPattern } from '../../../domain/catalog/python-pattern.ts';
import type { EvidencePattern, LogEvidence } from '../../../domain/evidence/log-evidence.ts';
import { recordedRuns } from '../../../domain/report/facts.ts';
import type { RepeatPlace } from '../attempts-file.ts';
import { jsonDocument, parseDocument, readIfPresent } from '../files.ts';
import { runPaths } from '../paths.ts';

/**
 * A longer line is looked at in pieces of this many characters: a log without line ends must not fill the memory, and
 * an expression with several `.*` must not take for ever over one of them.
 */
const longestLine = 2 * 1024;

/**
 * Counts, per expression, the lines of a stream that match it. Progress bars end their lines with a carriage return
 * alone, so that counts as a line end. A line counts once, however often and in however many pieces it matches.
 */
export class EvidenceCounter {
  readonly #expressions: readonly RegExp[];
  readonly #counts: number[];
  readonly #decoder = new StringDecoder('utf8');
  /** Expressions (by index) that the unfinished line has matched already. */
  readonly #inLine = new Set<number>();
  #carry = '';

  constructor(expressions: readonly RegExp[]) {
    this.#expressions = expressions;
    this.#counts = expressions.map(() => 0);
  }

  /** Takes the next bytes, cut anywhere. */
  push(piece: Buffer): void {
    const lines = (this.#carry + this.#decoder.write(piece)).split(/[\n\r]/);
    this.#carry = lines.pop() ?? '';
    for (const line of lines) {
      this.#lookInPieces(line);
      this.#inLine.clear();
    }
    if (this.#carry.length > longestLine) {
      this.#lookInPieces(this.#carry);
      this.#carry = '';
    }
  }

  /** The counts, by expression, after the last piece. */
  end(): number[] {
    this.#lookInPieces(this.#carry + this.#decoder.end());
    return [...this.#counts];
  }

  #lookInPieces(line: string): void {
    for (let start = 0; start < line.length; start += longestLine) {
      this.#look(line.slice(start, start + longestLine));
    }
  }

  #look(line: string): void {
    if (line === '') return;
    for (const [index, expression] of this.#expressions.entries()) {
      if (!this.#inLine.has(index) && expression.test(line)) {
        this.#inLine.add(index);
        this.#counts[index] = (this.#counts[index] ?? 0) + 1;
      }
    }
  }
}

/** `run{k}.evidence.json`: what was counted in a log that lies on another host. */
const logEvidenceSchema = z.object({
  schema: z.literal('calib.log-evidence/1'),
  counts: z.array(z.object({ pattern: z.string(), count: z.number().int().nonnegative() })),
});

/**
 * Lines of a repeat's log (its last attempt's) that match each pattern. The log is read once, in bounded memory. Null
 * for one that cannot be read: it proves nothing.
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

export interface ReadLogEvidenceOptions {
  snapshot: RunSnapshot;
  patterns: readonly EvidencePattern[];
}

/**
 * Counts lines that match each pattern in the pytest log of every recorded repeat (the last attempt's: the one that was
 * observed), or takes what the host that has the log has counted.
 *
 * @throws SyntaxError for a pattern that does not compile; a loaded model config has none
 */
export async function readLogEvidence(options: ReadLogEvidenceOptions): Promise<LogEvidence[]> {
  const { snapshot, patterns } = options;
  const counted: { namespace: string; repeat: number; counts: number[] | null }[] = [];
  for (const { namespace, repeat } of patterns.length === 0 ? [] : recordedRuns(snapshot)) {
    const place = { runDir: snapshot.run_dir, namespace, repeat };
    const counts = (await countLogEvidence(place, patterns)) ?? (await readCountedEvidence(place, patterns));
    counted.push({ namespace, repeat, counts });
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
