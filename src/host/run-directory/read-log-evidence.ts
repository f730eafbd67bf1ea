import type { RunSnapshot } from '../../domain/audit/run-snapshot.ts';
import type { EvidencePattern, LogEvidence } from '../../domain/evidence/log-evidence.ts';
import { recordedRuns } from '../../domain/report/recorded-runs.ts';
import { countLogEvidence, readCountedEvidence } from './log-evidence-file.ts';

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
