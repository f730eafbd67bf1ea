import { type Attempt } from '../../domain/observation/observation.ts';
import { readAttempts } from '../run-directory/attempts-file.ts';
import { earlierRuns } from './earlier-runs.ts';

/** Of a unit's repeats in one directory; a mean of more is no better for ordering. */
const mostRepeats = 3;

/**
 * How long a repeat of each unit takes, in pytest seconds, as earlier sessions of the same model saw it: the mean of
 * its complete repeats in the newest run directory that has any. Units never seen are left out. What cannot be read is
 * passed over: it only costs a better order.
 *
 * @param runRoot folder of run directories, whose names begin with their time
 */
export async function readKnownDurations(
  runRoot: string,
  wanted: { model: string; namespaces: readonly string[] },
): Promise<Record<string, number>> {
  const known: Record<string, number> = {};
  for await (const { runDir, repeats } of earlierRuns(runRoot, wanted.model)) {
    const missing = wanted.namespaces.filter((namespace) => known[namespace] === undefined);
    if (missing.length === 0) break;
    for (const namespace of missing) {
      const seconds = await meanOf(runDir, namespace, Math.min(repeats, mostRepeats));
      if (seconds !== null) known[namespace] = seconds;
    }
  }
  return known;
}

async function meanOf(runDir: string, namespace: string, repeats: number): Promise<number | null> {
  const seconds: number[] = [];
  for (let repeat = 1; repeat <= repeats; repeat += 1) {
    const attempts: Attempt[] = await readAttempts({ runDir, namespace, repeat }).catch(() => []);
    const last = attempts.findLast(isMeasured);
    if (last !== undefined) seconds.push(last.duration_s);
  }
  if (seconds.length === 0) return null;
  return Math.round((seconds.reduce((sum, each) => sum + each, 0) / seconds.length) * 100) / 100;
}

/** A failed threshold assertion is measured like a passed one: pytest ran to its end. */
function isMeasured({ outcome, finding, duration_s }: Attempt): boolean {
  return (outcome === 'ok' || outcome === 'assertion') && finding === undefined && duration_s > 0;
}
