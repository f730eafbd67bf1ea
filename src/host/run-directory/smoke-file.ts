import { z } from 'zod';

import { parseDocument, readIfPresent, writeJsonAtomic } from './files.ts';
import type { RepeatPlace } from './attempts-file.ts';
import { runPaths } from './paths.ts';

const text = z.string().max(2000);

/** `run{k}.smoke.json`: what the one launch of a smoke showed of a unit. No audit, report or apply reads it. */
export const smokeDocumentSchema = z.object({
  schema: z.literal('calib.smoke/1'),
  session_id: z.string().max(4096),
  namespace: z.string().max(4096),
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  at: text,
  ok: z.boolean(),
  lines: z.array(text).max(100),
  /** pytest's own seconds. */
  duration_s: z.number().nonnegative(),
  lane: z.string().max(4096).nullable(),
});
export type SmokeDocument = z.infer<typeof smokeDocumentSchema>;

/**
 * What a smoke saw of a unit already; null before its launch has ended.
 *
 * @throws Error that says in a line what is wrong in the file
 */
export async function readSmoke(place: RepeatPlace): Promise<SmokeDocument | null> {
  const bytes = await readIfPresent(runPaths.smoke(place.runDir, place.namespace, place.repeat));
  return bytes === null ? null : parseDocument(bytes, smokeDocumentSchema);
}

/** Writes it whole; it is what keeps a unit from being launched twice. */
export async function writeSmoke(place: RepeatPlace, document: SmokeDocument): Promise<void> {
  await writeJsonAtomic(runPaths.smoke(place.runDir, place.namespace, place.repeat), document);
}
