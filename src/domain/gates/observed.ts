import { z } from 'zod';

const path = z.string().max(1000);
const number = z.number();

/** Distinct comparisons that are kept of one launch; the plugin writes down a few hundred per line. */
export const mostObserved = 5000;

/** A comparison of two numbers that a suite made while its unit ran. */
export const observedComparisonSchema = z.object({
  /** Repository-relative. */
  file: path,
  line: z.number().int().positive(),
  op: z.enum(['<', '<=', '>', '>=', '==', '!=', 'approx']),
  left: number,
  right: number,
  holds: z.boolean(),
  /** For `approx`: how far apart the two may be. */
  width: number.nullish(),
  /** pytest's id of the test; absent outside of tests. */
  test: path.optional(),
});
export type ObservedComparison = z.infer<typeof observedComparisonSchema>;

/** `run{k}.observed.json`: what the observer of a smoke saw of one unit. */
export const observedDocumentSchema = z.object({
  schema: z.literal('calib.observed/1'),
  model: z.string().max(300),
  git_sha: z.string().max(100),
  namespace: z.string().max(4096),
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  at: z.string().max(100),
  /** SHA-256 (hex) of each file with a comparison, by repository-relative path: others are not spoken for. */
  files: z.record(path, z.string().max(64)),
  /** The measured values of the launch, by `STAGE.METRIC`. */
  metrics: z.record(z.string().max(700), z.number()),
  comparisons: z.array(observedComparisonSchema).max(mostObserved),
  /** Whether more was compared than is kept. */
  cut: z.boolean(),
});
export type ObservedDocument = z.infer<typeof observedDocumentSchema>;

/**
 * Whether reader and observer agree on what CI compares a metric with. `observed_only`: the reader could not follow it.
 * `read_only`: the launch made no comparison of the metric's value there.
 */
export const observedAgreements = ['agree', 'differ', 'observed_only', 'read_only'] as const;

export const gateObservationSchema = z.object({
  agreement: z.enum(observedAgreements),
  /** How the comparison must turn out; null for `read_only`. */
  op: z.enum(['>', '>=', '<', '<=', 'within']).nullable(),
  threshold: number.nullable(),
  /** Factor from the measured value to the compared one; null for `read_only`. */
  value_scale: number.nullable(),
  at: path.nullable(),
  test: path.nullable(),
  /** A warning, or what is assumed; null where there is nothing to say. */
  note: z.string().max(2000).nullable(),
});
export type GateObservation = z.infer<typeof gateObservationSchema>;
