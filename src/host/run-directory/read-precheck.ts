import { readFile } from 'node:fs/promises';

import { z } from 'zod';

import type { PrecheckFacts } from '../../domain/report/report-facts.ts';
import { runPaths } from './paths.ts';

const text = z.string().nullish().catch(null);

/** Only what a report shows (spec 04 §9); a field of another type counts as not recorded. */
const precheckSchema = z.looseObject({
  versions: z.looseObject({ sglang: text, torch: text }).nullish().catch(null),
  gpu_summary: text,
  driver: text,
  cuda: text,
});

/** The report's part of `precheck.json`; null when there is none that can be read: it is evidence, not a gate. */
export async function readPrecheck(runDir: string): Promise<PrecheckFacts | null> {
  let document: unknown;
  try {
    document = JSON.parse(await readFile(runPaths.precheck(runDir), 'utf8'));
  } catch {
    return null;
  }
  const parsed = precheckSchema.safeParse(document);
  if (!parsed.success) {
    return null;
  }
  const { versions, gpu_summary: gpuSummary, driver, cuda } = parsed.data;
  return {
    sglang: versions?.sglang || null,
    torch: versions?.torch || null,
    gpu_summary: gpuSummary && gpuSummary !== 'unknown' ? gpuSummary : null,
    driver: driver || null,
    cuda: cuda || null,
  };
}
