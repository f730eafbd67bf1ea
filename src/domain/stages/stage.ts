import { z } from 'zod';

import { identityPhrase, isIdentity } from '../untrusted/cut-text.ts';
import { displaySchema, worstSchema } from '../metrics/metric-kind.ts';

/** Names and paths stay whole, because things are found by them. */
const identity = z.string().refine(isIdentity, { error: `must be ${identityPhrase}` });
/** Linux takes no longer variable. */
const longestValue = 131_072;

/**
 * The documents in this folder keep the field names they have on disk (snake_case), so that a reader can follow a
 * key from `stages.yaml` into the code; MAINTENANCE: field order on disk is fixed in `stages-yaml.ts`.
 */
const jsonSourceSchema = z.object({
  /** Path of the result file relative to pytest's base temp directory; null when nothing is configured. */
  json_file: identity.nullable(),
  /** Dotted path into that file; a last segment `__len__` (counts only) means the length of an array. */
  json_path: identity.nullable(),
});
export type JsonSource = z.infer<typeof jsonSourceSchema>;

/**
 * `NEEDS_CONFIG`: no result file or path. `AMBIGUOUS`: several literals claim the metric, its literal is not certain,
 * or the sample scope of its stage is not. A stage with either cannot be started.
 */
const metricStatusSchema = z.enum(['OK', 'NEEDS_CONFIG', 'AMBIGUOUS', 'BLOCKED']);

const stageMetricSchema = jsonSourceSchema.extend({
  /** The place of its literal: `X_MIN_ACCURACY`, `_X_P95['throughput_qps']`, `refs.yaml::a.b[0]`. */
  source: identity,
  /** The literal is `None` or `null`, and the config lets a calibration fill it. */
  pending: z.boolean().optional(),
  worst: worstSchema,
  display: displaySchema,
  status: metricStatusSchema,
});
export type StageMetric = z.infer<typeof stageMetricSchema>;

/** One block of `stages.yaml`, without its key. */
export const stageBodySchema = z.object({
  /** Repository-relative POSIX path of the test file. */
  test: identity,
  title: identity,
  group: identity,
  extra_env: z.record(identity, z.string().max(longestValue)),
  context_vars: z.array(identity),
  variant: identity.optional(),
  calibration_preset: identity.optional(),
  gpus: z.number().int().nonnegative().optional(),
  hf_model_ids: z.array(identity).optional(),
  /** SHA-256 (hex) of the test file's bytes when it was discovered; empty in a lock, which has no hashes. */
  test_file_sha256: identity.default(''),
  /** Only in files of the original, and of calib before stages belonged to a commit; else empty. */
  last_discovered_at: identity.default(''),
  expected_samples: z.number().int().positive().optional(),
  threshold_file: identity.optional(),
  threshold_file_sha256: identity.optional(),
  sample_counts: z.object({ total: jsonSourceSchema, ok: jsonSourceSchema }).optional(),
  /** A boolean in the results without which the repeat does not count, whatever its numbers. */
  observation_validity: jsonSourceSchema.optional(),
  /** A boolean by which the test says that its failure was one of a threshold. */
  allowed_pytest_failure: jsonSourceSchema.optional(),
  /** Empty for a docs stage. Catalog order. */
  metrics: z.record(identity, stageMetricSchema),
});

/** A stage with its key: one metric group of one test file (and variant, and preset). */
export interface StageDefinition extends z.infer<typeof stageBodySchema> {
  key: string;
}

/** True for a stage without metrics: pass/fail only. */
export function isDocsStage(stage: Pick<StageDefinition, 'metrics'>): boolean {
  return Object.keys(stage.metrics).length === 0;
}

/** The file whose literals apply edits: the threshold file, else the test file. */
export function thresholdFileOf(stage: Pick<StageDefinition, 'test' | 'threshold_file'>): string {
  return stage.threshold_file ?? stage.test;
}
