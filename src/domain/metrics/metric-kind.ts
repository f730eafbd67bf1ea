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

/** One entry of the metric registry: built in or added by a model's `metrics:`. */
export interface MetricKind extends Display {
  key: string;
  worst: Worst;
  group: string;
}
