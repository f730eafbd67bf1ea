import { z } from 'zod';

/**
 * What the recorded runs say about the rule of a gate; of several the first of this list counts.
 *
 * - `contradicted`: the rule says that a recorded value fails, and the test that asserts it passed: unit, path, rule or
 *   literal is wrong.
 * - `unit_suspected`: value and literal are about a factor of 100 or 1000 apart, and no scale explains it.
 * - `confirmed`: as `consistent`, and the very assertion was seen, by the observer or in a failure.
 * - `consistent`: pytest said what the rule predicts.
 * - `not_reached`: the test failed before it came to the assertion.
 * - `not_tested`: nothing can be said: the test was skipped, its outcome is not recorded, the rule is not known.
 */
export const evidenceVerdicts = [
  'contradicted',
  'unit_suspected',
  'confirmed',
  'consistent',
  'not_reached',
  'not_tested',
] as const;
export type EvidenceVerdict = (typeof evidenceVerdicts)[number];

/** Verdicts under which a literal is written only after a person has decided about it. */
export type UnsettledVerdict = Extract<EvidenceVerdict, 'contradicted' | 'unit_suspected'>;

/** What pytest said of a test in one launch. `absent`: it is not in pytest's record, or there is no record. */
export const testOutcomes = ['passed', 'failed', 'error', 'skipped', 'absent'] as const;
export type TestOutcome = (typeof testOutcomes)[number];

const text = z.string().max(2000);

/** One repeat held against the gate as it is at the session's commit. */
export const repeatEvidenceSchema = z.object({
  /** 1..N. */
  repeat: z.number().int().positive(),
  /** As recorded, in the metric's native unit. */
  value: z.number().nullable(),
  /** What the rule says of this value; null where it says nothing certain. */
  predicted: z.enum(['pass', 'fail']).nullable(),
  outcome: z.enum(testOutcomes),
  verdict: z.enum(evidenceVerdicts),
  /** First line of the failure, where the test failed. */
  message: text.nullable(),
});
export type RepeatEvidence = z.infer<typeof repeatEvidenceSchema>;

/** The rule of one metric's gate against what pytest said. */
export const gateEvidenceSchema = z.object({
  stage: z.string().max(300),
  metric: z.string().max(300),
  /** The worst of the repeats' verdicts, and what the literal itself says. */
  verdict: z.enum(evidenceVerdicts),
  /** Why, in a sentence; null where there is nothing to explain. */
  reason: text.nullable(),
  /** The gate that was held against pytest: as `calib gates` has it at the session's commit. */
  rule: z.object({
    status: z.string().max(50),
    op: z.string().max(10).nullable(),
    threshold: z.number().nullable(),
    literal: z.number().nullable(),
    /** `file:line` of the assertion. */
    at: text.nullable(),
    /** `file::test`. */
    test: text.nullable(),
  }),
  repeats: z.array(repeatEvidenceSchema).max(10_000),
});
export type GateEvidence = z.infer<typeof gateEvidenceSchema>;

/** A test that failed although every gate of it should have passed. */
export const evidenceFindingSchema = z.object({
  kind: z.literal('failed_for_another_reason'),
  /** `file::test`. */
  test: text,
  repeat: z.number().int().positive(),
  /** First line of the failure. */
  message: text,
});
export type EvidenceFinding = z.infer<typeof evidenceFindingSchema>;

/** The evidence of a whole session. */
export const evidenceDocumentSchema = z.object({
  schema: z.literal('calib.evidence/1'),
  git_sha: z.string().max(100).nullable(),
  /** Why nothing could be checked; null where it was. */
  reason: text.nullable(),
  gates: z.array(gateEvidenceSchema).max(100_000),
  findings: z.array(evidenceFindingSchema).max(1000),
});
export type EvidenceDocument = z.infer<typeof evidenceDocumentSchema>;

/** Whether a literal with this verdict must not be written silently, in any mode. */
export function isUnsettled(verdict: EvidenceVerdict): verdict is UnsettledVerdict {
  return verdict === 'contradicted' || verdict === 'unit_suspected';
}

/** What several verdicts come to; `not_tested` for none. Repeats that say nothing do not take from those that do. */
export function overallVerdict(verdicts: readonly EvidenceVerdict[]): EvidenceVerdict {
  return evidenceVerdicts.find((verdict) => verdicts.includes(verdict)) ?? 'not_tested';
}
