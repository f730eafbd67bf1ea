import { z } from 'zod';

import { builtInMetrics } from '../metrics/built-in-metrics.ts';
import { natureSchema } from '../metrics/metric-kind.ts';
import type { CatalogProblem } from './catalog-document.ts';
import { flag, keyPart, nonEmptyText, pattern } from './metric-source.ts';

const maxPatterns = 50;
const maxLabelLength = 80;
const digitsPhrase = { error: 'a whole number of digits, 0 to 12' };
const scalePhrase = { error: 'a number above 0' };
const amountPhrase = { error: 'a number, 0 or more' };
const matchPhrase = { error: `a regular expression, or a list of up to ${maxPatterns}` };

const shortText = nonEmptyText.refine((text) => text.length <= maxLabelLength, {
  error: `a text of up to ${maxLabelLength} characters`,
});

const amount = z.number(amountPhrase).nonnegative(amountPhrase);

const materialityPhrase = { error: 'a number, or a map with absolute, relative and per_sample' };
const materiality = z.union(
  [
    amount.transform((absolute) => ({ absolute })),
    z.strictObject({
      absolute: amount.optional(),
      relative: amount.optional(),
      per_sample: flag.optional(),
    }),
  ],
  materialityPhrase,
);

/**
 * `metrics.<key>`: adds a metric, or changes the built-in one of that key in what it says. `pattern` is the older spelling
 * of one `match`.
 */
export const metricDefinitionSchema = z
  .strictObject(
    {
      /** Searched in the names of constants, before the built-in rules. */
      match: z
        .union([pattern, z.array(pattern, matchPhrase).max(maxPatterns, matchPhrase)], matchPhrase)
        .optional(),
      pattern: pattern.optional(),
      worst: z.enum(['min', 'max'], { error: 'min or max' }).optional(),
      label: shortText.optional(),
      digits: z.int(digitsPhrase).min(0, digitsPhrase).max(12, digitsPhrase).optional(),
      /** Native values are multiplied by it for display. */
      scale: z.number(scalePhrase).positive(scalePhrase).optional(),
      /** Of the native value. */
      unit: shortText.optional(),
      group: keyPart.optional(),
      nature: z.enum(natureSchema.options, { error: `one of ${natureSchema.options.join(', ')}` }).optional(),
      materiality: materiality.optional(),
      /** Whether the key also counts as a key of a table of thresholds. */
      nested: flag.optional(),
    },
    { error: 'a map describing a metric' },
  )
  .transform(({ match, pattern: single, ...rest }) => ({
    ...rest,
    match: [...[match ?? []].flat(), ...(single === undefined ? [] : [single])],
  }));

export type MetricDefinition = z.infer<typeof metricDefinitionSchema>;

/** What a metric that calib does not know must say: nothing else tells a better value from a worse one. */
export function metricProblems(metrics: Record<string, MetricDefinition>): CatalogProblem[] {
  const builtIn = new Set(builtInMetrics.map(({ key }) => key));
  return Object.entries(metrics)
    .filter(([key]) => !builtIn.has(key))
    .flatMap(([key, { worst, group }]) => [
      ...(worst === undefined
        ? [
            {
              path: ['metrics', key, 'worst'],
              valid: 'max (the threshold is an upper bound) or min (a lower one)',
            },
          ]
        : []),
      ...(group === undefined
        ? [{ path: ['metrics', key, 'group'], valid: 'the name of the group that its stages get' }]
        : []),
    ]);
}
