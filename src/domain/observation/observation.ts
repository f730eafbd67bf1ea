import { z } from 'zod';

import { attemptSchema } from './attempt.ts';

const countSchema = z.number().int().nullable();

/** `run{k}.json` (spec 05 §10): v0.6.0's fields in its order, then calib's; every appended field is optional. */
export const observationSchema = z.looseObject({
  status: z.string(),
  reason: z.string().default(''),
  metrics: z.record(z.string(), z.number().nullable()),
  sample_counts: z.object({ total: countSchema, ok: countSchema }),
  duration_s: z.number().nullable().default(null),
  attempts: z.number().int().nullable().default(null),
  git_sha: z.string().optional(),
  recorded_at: z.string().optional(),
  pytest_log: z.string().optional(),
  basetemp: z.string().optional(),
  /** pytest's exit code; v0.6.0 writes a negative number for a signal. */
  pytest_rc: z.number().int().nullable().optional(),
  session_id: z.string().optional(),
  namespace: z.string().optional(),
  attempt_history: z.array(attemptSchema).optional(),
  started_at: z.string().optional(),
  ended_at: z.string().optional(),
  gpu_indices: z.array(z.number().int()).optional(),
  gpu_uuids: z.array(z.string()).optional(),
  host: z.string().optional(),
  result_files: z.array(z.object({ path: z.string(), sha256: z.string(), mtime: z.string() })).optional(),
  /** Per metric or count that is null: why. */
  extraction: z.record(z.string(), z.string()).optional(),
  /** pytest's end in words: `ok`, `threshold_assertion`, `OOM`, … kept even when extraction failed. */
  pytest_outcome: z.string().optional(),
  tree_fingerprint: z.string().optional(),
});
export type Observation = z.infer<typeof observationSchema>;
