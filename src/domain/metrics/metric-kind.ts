import { z } from 'zod';

/** Direction of "bad": `min`, the threshold is a lower bound; `max`, an upper bound. */
export const worstSchema = z.enum(['min', 'max']);
export type Worst = z.infer<typeof worstSchema>;

/** How a metric's native value is shown; never used for what is written back. */
export const displaySchema = z.object({
  label: z.string(),
  scale: z.number(),
  digits: z.number().int().nonnegative(),
});
export type Display = z.infer<typeof displaySchema>;

/**
 * What a value that stands out says. `efficiency`: possibly more about the machine than about the model. `correctness`:
 * about the model. `count`: about a budget or a scope. Only an efficiency metric may speak against a whole repeat.
 */
export const natureSchema = z.enum(['efficiency', 'correctness', 'count']);
export type Nature = z.infer<typeof natureSchema>;

/**
 * The smallest difference of two values that is worth a person's attention, in native units: the largest of the parts
 * that are given. `relative` is a share of the median; `per_sample` stands for one sample of all, 1/m.
 */
export const materialitySchema = z.strictObject({
  absolute: z.number().nonnegative().optional(),
  relative: z.number().nonnegative().optional(),
  per_sample: z.boolean().optional(),
});
export type Materiality = z.infer<typeof materialitySchema>;

/** One entry of the metric registry: built in, or added by a model's `metrics:`. */
export interface MetricKind extends Display {
  key: string;
  worst: Worst;
  group: string;
  /** Unit of the native value (`s`, `req/s`, `%`, …); null for a plain number such as a share or a ratio. */
  unit: string | null;
  nature: Nature;
  materiality: Materiality;
}

/**
 * The materiality of a metric as a number in its native unit.
 *
 * @param context `median` of the values it is applied to; `samples` that each value is made of, null where unknown
 */
export function materialityFloor(
  materiality: Materiality,
  context: { median: number; samples: number | null },
): number {
  const { absolute = 0, relative = 0, per_sample: perSample = false } = materiality;
  const oneSample = perSample && context.samples !== null ? 1 / context.samples : 0;
  return Math.max(absolute, relative * Math.abs(context.median), oneSample);
}
