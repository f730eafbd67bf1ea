import { z } from 'zod';

/**
 * `run{k}.commit.json`: makes the observations of all stages that one pytest invocation fed count together. Written
 * last (spec 05 §10); an observation of calib's whose hash is not in it is uncommitted or edited.
 */
export const commitMarkerSchema = z.object({
  schema: z.literal('calib.repeat/1'),
  session_id: z.string(),
  namespace: z.string(),
  repeat: z.number().int().positive(),
  attempt: z.number().int().positive(),
  git_sha: z.string(),
  committed_at: z.string(),
  /** SHA-256 (hex) of each stage's `run{k}.json`, by stage key. */
  observations: z.record(z.string(), z.string()),
});
export type CommitMarker = z.infer<typeof commitMarkerSchema>;
