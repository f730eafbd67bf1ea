import { z } from 'zod';

import { worstSchema } from '../metrics/metric-kind.ts';

/** One threshold that an apply changed. Two of them may share a literal. */
const appliedChangeSchema = z.object({
  stage_key: z.string(),
  metric_key: z.string(),
  /** As in `stages.yaml`: `X_MIN_ACCURACY` or `_X_P95['throughput_qps']`. */
  source: z.string(),
  symbol: z.string(),
  subkey: z.string().nullable(),
  /** The outer key that was edited; null for a bare symbol. */
  concurrency: z.number().nullable(),
  /** Repository-relative path of the edited file; line and column (from 1) of the literal before the edit. */
  file: z.string(),
  line: z.number().int(),
  column: z.number().int(),
  /** Literals as they stand in the file, before and after. */
  old_text: z.string(),
  new_text: z.string(),
  /** Null where the literal was `None` or `null`. */
  old_value: z.number().nullable(),
  /** The place in full; absent in documents of earlier versions. */
  place: z.string().optional(),
  new_value: z.number(),
  worst: worstSchema,
  worst_raw: z.number().nullable(),
  per_run_raw: z.array(z.number()),
  /** True for a number that the operator gave instead of the worst of N. */
  custom: z.boolean(),
  /** True when that number is stricter than what was observed. */
  stricter_than_observed: z.boolean(),
});
export type AppliedChange = z.infer<typeof appliedChangeSchema>;

/** What discovery and a fresh plan say after the files were changed. */
const appliedCheckSchema = z.object({
  ok: z.boolean(),
  at: z.string(),
  /** The model's `stages.yaml`: relative where it lies in the checkout, else absolute; null when there is no catalog. */
  stages_yaml: z.string().nullable(),
  /** One sentence each, good or bad. */
  lines: z.array(z.string()),
});
export type AppliedCheck = z.infer<typeof appliedCheckSchema>;

/** `applied.json`: the one apply of a session. */
export const appliedDocumentSchema = z.looseObject({
  schema: z.literal('calib.applied/1'),
  session_id: z.string(),
  model: z.string(),
  calibration_git_sha: z.string(),
  mode: z.enum(['smart', 'full']),
  /** The decisions as given. */
  decide: z.record(z.string(), z.string()),
  /** Of the command that carried the decision; the same command again is the same apply. */
  command_id: z.string(),
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  applied_at: z.string(),
  /** Literals changed; two metrics may share one. */
  edits: z.number().int().nonnegative(),
  /** Plan order; empty when nothing had to be changed. */
  changes: z.array(appliedChangeSchema),
  files: z.array(
    z.object({
      /** Repository-relative path as planned. */
      file: z.string(),
      sha256_before: z.string(),
      sha256_after: z.string(),
    }),
  ),
  /** What was skipped, and what the operator should know. */
  warnings: z.array(z.string()),
  /** Null until the check has run. */
  check: appliedCheckSchema.nullable(),
  /** When the old bytes were restored; null while the changes stand. */
  undone: z.object({ at: z.string(), check: appliedCheckSchema.nullable() }).nullable(),
});
export type AppliedDocument = z.infer<typeof appliedDocumentSchema>;
