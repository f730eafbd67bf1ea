import { z } from 'zod';

import {
  environmentMap,
  gpuCount,
  keyPart,
  nonEmptyText,
  pattern,
  repositoryPath,
  sampleCount,
  staysInside,
  text,
  textList,
} from './schema-parts.ts';

const insideBaseTemp = "a path relative to pytest's base temp directory that stays inside it";

const resultFile = text.refine(staysInside, { error: insideBaseTemp });

/** `summary.accuracy` or `file.json::summary.accuracy`; empty means no file and no path (spec 02 §7). */
const entrySchema = text.refine(
  (entry) => !entry.includes('::') || staysInside(entry.slice(0, entry.indexOf('::')).trim()),
  { error: `a dotted path, or <file>::<dotted path> where the file is ${insideBaseTemp}` },
);

const sampleCountEntriesSchema = z.strictObject(
  { total: entrySchema.optional(), ok: entrySchema.optional() },
  { error: 'a map with total and ok' },
);
export type SampleCountEntries = z.infer<typeof sampleCountEntriesSchema>;

const expectedSamplesSchema = z.union([sampleCount, z.record(keyPart, sampleCount)], {
  error: 'a whole number of samples, 1 or more, or a map from metric group to such a number',
});

/** Where values are read: the fields that a file and a variant have in common. */
const readingFields = {
  json_file: resultFile.optional(),
  /** Metric key → entry. */
  paths: z.record(keyPart, entrySchema, { error: 'a map from metric to path' }).optional(),
  sample_counts: sampleCountEntriesSchema.optional(),
  /** Replaces `sample_counts` for a metric group. */
  sample_counts_by_group: z
    .record(keyPart, sampleCountEntriesSchema, { error: 'a map from metric group to total and ok' })
    .optional(),
  /** Overrides the inferred sample scope (spec 02 §11), for all groups or by group. */
  expected_samples: expectedSamplesSchema.optional(),
};

const variantSchema = z.strictObject(
  { ...readingFields, constant_filter: pattern.optional() },
  { error: 'a map describing a variant' },
);
export type Variant = z.infer<typeof variantSchema>;

const calibrationPresetSchema = z.strictObject(
  {
    extra_env: environmentMap.optional(),
    gpus: gpuCount.optional(),
    hf_model_ids: textList.optional(),
    constant_filter: pattern.optional(),
  },
  { error: 'a map describing a preset' },
);
export type CalibrationPreset = z.infer<typeof calibrationPresetSchema>;

/** `metric_sources.<test file>` (spec 02 §7). Fields stay absent where the file gives none. */
export const metricSourceSchema = z.strictObject(
  {
    ...readingFields,
    /** Constants to skip: old or disabled literals. */
    ignored_constants: textList.optional(),
    /** Constants that CI asserts but calibration never proposes to change; not metrics either. */
    fixed_constants: textList.optional(),
    threshold_file: repositoryPath.optional(),
    variants: z.record(keyPart, variantSchema, { error: 'a map from variant name to variant' }).optional(),
    calibration_presets: z
      .record(keyPart, calibrationPresetSchema, { error: 'a map from preset name to preset' })
      .optional(),
  },
  { error: 'a map describing where metrics are read' },
);
export type MetricSource = z.infer<typeof metricSourceSchema>;

const digitsPhrase = { error: 'a whole number of digits, 0 to 12' };
const scalePhrase = { error: 'a number above 0' };

/** `metrics.<key>`: adds a metric to the built-in registry, or replaces the entry of that key (spec 02 §5). */
export const metricDefinitionSchema = z.strictObject(
  {
    /** Matched against a constant's name; absent for a metric that is only read from speed dicts. */
    pattern: pattern.optional(),
    worst: z.enum(['min', 'max'], { error: 'min or max' }),
    label: nonEmptyText,
    digits: z.int(digitsPhrase).min(0, digitsPhrase).max(12, digitsPhrase).default(3),
    /** Native values are multiplied by it for display. */
    scale: z.number(scalePhrase).positive(scalePhrase).default(1),
    group: keyPart,
    /** Whether the key also counts as an inner key of a speed dict. */
    nested: z.boolean({ error: 'true or false' }).default(false),
  },
  { error: 'a map describing a metric' },
);
