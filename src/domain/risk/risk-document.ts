import { z } from 'zod';

import { riskClasses } from './risk-class.ts';

const name = z.string().max(300);
const text = z.string().max(4000);
const number = z.number().nullable();
const share = z.number().min(0).max(1).nullable();

export const metricEntrySchema = z.object({
  stage: name,
  metric: name,
  /** Repository-relative path of the test file. */
  test: z.string().max(1000),
  label: name,
  place: z.string().max(1000),
  /** Accepted runs. */
  n: z.number().int().nonnegative(),
  values: z.array(z.number()).max(10_000),
  mean: number,
  sd: number,
  scale: z.enum(['log', 'raw']),
  cv_percent: number,
  range: number,
  worst: number,
  /** The literal at the session's commit, and the one that an apply writes. */
  literal: number,
  literal_after: number,
  /** What CI compares with, in the metric's native unit, at both literals. */
  gate: number,
  gate_after: number,
  op: z.enum(['>', '>=', '<', '<=', 'within']).nullable(),
  rule: z.enum(['read', 'declared', 'literal']).nullable(),
  /** What is to be known about the gate, or why it is null. */
  gate_note: text.nullable(),
  slack_percent: number,
  p: share,
  p_upper: share,
  regression_80: number,
  regression_80_attempts: number,
  flips_to_fail: z.number().int().nonnegative().nullable(),
  class: z.enum(riskClasses).nullable(),
  no_spread: z.object({ reason: text, p_at_most: z.number(), upper_bound: z.number() }).nullable(),
  recommended: z.object({ n: z.number().int().positive().nullable(), slack_percent: number }),
  /** Display scale and direction, for tables. */
  display_scale: z.number(),
  worst_is: z.enum(['min', 'max']),
});
export type MetricEntry = z.infer<typeof metricEntrySchema>;

export const holdOutSchema = z.object({
  /** Runs that would have failed a gate made from the others, of all runs. */
  failed: z.number().int().nonnegative(),
  of: z.number().int().positive(),
  /** 95 % Clopper–Pearson. */
  interval: z.tuple([z.number(), z.number()]),
  by_repeat: z
    .array(z.object({ repeat: z.number().int(), failed: z.array(z.string().max(600)) }))
    .max(10_000),
  /** Metrics that took part. */
  metrics: z.number().int().positive(),
});
export type HoldOut = z.infer<typeof holdOutSchema>;

/** The answer of `calib risk --json`. Probabilities are shares. */
export const riskDocumentSchema = z.object({
  schema: z.literal('calib.risk/1'),
  model: name,
  git_sha: z.string().max(100),
  repeats: z.number().int().positive(),
  /** Why no gate could be read; null where gates were read. */
  gates_unknown: text.nullable(),
  /** Largest false-fail probability of one metric that is still `ok`. */
  target: z.number(),
  metrics: z.array(metricEntrySchema).max(100_000),
  session: z.object({
    attempts: z.number().int().positive(),
    /** Sum of p: gates that fail in one pass of an unchanged commit. */
    expected_false_fails: number,
    /** Chance that a test file fails all its attempts; too high where metrics move together. */
    p_any: share,
    /** Metrics without a p, which are in neither. */
    left_out: z.number().int().nonnegative(),
    by_file: z
      .array(z.object({ test: z.string().max(1000), p_attempt: z.number(), p: z.number() }))
      .max(10_000),
    holdout: holdOutSchema.nullable(),
    holdout_unknown: text.nullable(),
  }),
});
export type RiskDocument = z.infer<typeof riskDocumentSchema>;
