import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { namesIn } from './file-entries.ts';
import { type WantedLaunches, isWanted } from './follow-launches.ts';
import { listLaunches } from './list-launches.ts';
import { runPaths } from './paths.ts';

/** A pytest log and whose it is. */
export interface PytestLog {
  namespace: string;
  repeat: number;
  /** Null where it is not known: the original tool keeps the last attempt's only. */
  attempt: number | null;
  log: string;
}

const logForm = /^run(\d+)(?:\.attempt(\d+))?\.log$/;

/**
 * The log of the pytest that is running, else the one that was written to last, the original tool's included; null where
 * nothing was run yet.
 */
export async function latestLog(runDir: string, wanted: WantedLaunches): Promise<PytestLog | null> {
  const { namespace } = wanted;
  const launches = await listLaunches(runDir);
  const active = launches.find((launch) => launch.end === null && isWanted(launch, wanted));
  if (active !== undefined) return active;
  let latest: { found: PytestLog; writtenAtMs: number } | null = null;
  for (const unit of namespace === null ? await namesIn(join(runDir, '_pytest')) : [namespace]) {
    for (const name of await namesIn(runPaths.unit(runDir, unit))) {
      const [, repeat, attempt] = logForm.exec(name) ?? [];
      if (repeat === undefined || !isWanted({ namespace: unit, repeat: Number(repeat) }, wanted)) continue;
      const log = join(runPaths.unit(runDir, unit), name);
      const written = await stat(log).catch(() => null);
      if (written === null || !written.isFile()) continue;
      // `run{k}.log` is a link to the last attempt's log where calib made it: the attempt's own name says more.
      const newer =
        latest === null ||
        written.mtimeMs > latest.writtenAtMs ||
        (written.mtimeMs === latest.writtenAtMs && attempt !== undefined);
      const found = {
        namespace: unit,
        repeat: Number(repeat),
        attempt: attempt === undefined ? null : Number(attempt),
        log,
      };
      if (newer) latest = { found, writtenAtMs: written.mtimeMs };
    }
  }
  return latest?.found ?? null;
}
