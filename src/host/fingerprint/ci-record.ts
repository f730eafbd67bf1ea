import { z } from 'zod';

import { type CiRecord, ciRecordSchema } from '../../domain/fingerprint/ci-metrics.ts';
import { readIfPresent } from '../run-directory/files.ts';
import { runPaths } from '../run-directory/paths.ts';

const precheckSchema = z.looseObject({ ci: ciRecordSchema.optional() });

/** What CI measured, as the session's precheck recorded it; null where it did not, or its file cannot be read. */
export async function readCiRecord(runDir: string): Promise<CiRecord | null> {
  const content = await readIfPresent(runPaths.precheck(runDir));
  if (content === null) return null;
  try {
    return precheckSchema.parse(JSON.parse(content.toString('utf8'))).ci ?? null;
  } catch {
    // Evidence, not a gate: the precheck itself was judged when it ran.
    return null;
  }
}
