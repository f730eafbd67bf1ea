import { z } from 'zod';

import { gateObservationSchema } from './observed.ts';

/** What is known of a gate. `inert`: the literal decides nothing. `inactive`: the literal is `None`. */
export const gateStatuses = ['read', 'declared', 'observed', 'unread', 'inert', 'inactive'] as const;
export type GateStatus = (typeof gateStatuses)[number];

const text = z.string().max(2000);
const place = z.string().max(1000);
const operatorSchema = z.enum(['>', '>=', '<', '<=', 'within']);

/** A step from the literal to the compared threshold, innermost first. `by`: the other operand, where it is one number. */
export const ruleStepSchema = z.object({
  kind: z.string().max(50),
  by: z.number().nullable(),
  /** Where the other operand stands, if it is a literal. */
  by_place: place.nullable(),
  at: place,
});
export type RuleStep = z.infer<typeof ruleStepSchema>;

const valueStepSchema = z.object({ kind: z.string().max(50), by: z.number().nullable(), at: place });

/** One comparison that a literal reaches. */
export const gateAssertionSchema = z.object({
  op: operatorSchema,
  /** The number that is compared; the half width for `within`; null when it is not certain. */
  threshold: z.number().nullable(),
  /** The centre of `within`. */
  centre: z.number().nullable(),
  /** Whether a tie passes. */
  inclusive: z.boolean(),
  steps: z.array(ruleStepSchema).max(500),
  value: text,
  value_steps: z.array(valueStepSchema).max(50),
  at: place,
  calls: z.array(place).max(100),
  test: text,
  when: z.array(text).max(50),
});
export type GateAssertion = z.infer<typeof gateAssertionSchema>;

/** What CI asserts about one metric. Numbers are those at `literal`, or at the value that was asked for. */
export const gateSchema = z.object({
  stage: z.string().max(300),
  metric: z.string().max(300),
  place,
  file: place,
  line: z.number().int().positive().nullable(),
  literal: z.number().nullable(),
  status: z.enum(gateStatuses),
  op: operatorSchema.nullable(),
  threshold: z.number().nullable(),
  /** Factor from the measured value to the compared one; null where the steps are no plain factor. */
  value_scale: z.number().nullable(),
  assertions: z.array(gateAssertionSchema).max(1000),
  decided_by: z.object({ place, value: z.number() }).nullable(),
  reason: text.nullable(),
  /** What the observer of a smoke saw of it; absent where there was none at this commit. */
  observed: gateObservationSchema.optional(),
});
export type Gate = z.infer<typeof gateSchema>;

/** The answer of `calib gates --json`. */
export const gatesDocumentSchema = z.object({
  schema: z.literal('calib.gates/1'),
  model: z.string().max(300),
  git_sha: z.string().max(100).nullable(),
  gates: z.array(gateSchema).max(100_000),
});
export type GatesDocument = z.infer<typeof gatesDocumentSchema>;
