import { z } from 'zod';

import { maxPlaceLength } from '../places/place.ts';
import { identityPhrase, isIdentity } from '../untrusted/cut-text.ts';

import { pythonPatternProblem } from './python-pattern.ts';

/**
 * Leaf schemas of the catalog files. Every `error` text is the phrase after "valid:" in the message that a person
 * reads, so it says what would be accepted, not what is wrong.
 */
const wholeName = { error: identityPhrase };

export const text = z.string({ error: 'a string' }).refine(isIdentity, wholeName);

export const nonEmptyText = z
  .string({ error: 'a non-empty string' })
  .refine((value) => value.trim() !== '', { error: 'a non-empty string' })
  .refine(isIdentity, wholeName);

export const textList = z.array(nonEmptyText, { error: 'a list of strings' });

export const flag = z.boolean({ error: 'true or false' });

/** Becomes part of stage keys and directory names, and must not read as a token of `--stages`. */
export const keyPart = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, { error: 'a name of letters, digits, _, . and -' })
  .refine(isIdentity, wholeName);

const gpuCountPhrase = { error: 'a whole number of GPUs, 0 or more' };
/** 0 means that the test runs without a GPU. */
export const gpuCount = z.int(gpuCountPhrase).min(0, gpuCountPhrase);

const sampleCountPhrase = { error: 'a whole number of samples, 1 or more' };
export const sampleCount = z.int(sampleCountPhrase).min(1, sampleCountPhrase);

const bytesPhrase = { error: 'a whole number of bytes, 1 or more' };
export const byteCount = z.int(bytesPhrase).min(1, bytesPhrase);

const secondsPhrase = { error: 'a number of seconds above 0' };
export const seconds = z.number(secondsPhrase).positive(secondsPhrase);

/** Keys by test file are base names: a path would silently never match. */
const testFileName = z
  .string()
  .regex(/^[^/\\]+\.py$/, { error: 'the name of a test file without folders, such as test_x_ci.py' })
  .refine(isIdentity, wholeName);

/** A map from test file name to something. */
export function byTestFile<Value extends z.ZodType>(value: Value) {
  return z.record(testFileName, value, { error: 'a map from test file name to a value' });
}

const variableName = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'the name of an environment variable' })
  .refine(isIdentity, wholeName);

const variableValue = z
  .string({ error: 'one scalar value' })
  .refine((value) => !value.includes('\0'), { error: 'a value without NUL characters' });

/** Environment variables; every scalar keeps its source text, see `sourceTextPaths`. */
export const environmentMap = z.record(variableName, variableValue, {
  error: 'a map from variable name to value',
});

export const pattern = z.string({ error: 'a regular expression' }).check((context) => {
  const problem = pythonPatternProblem(context.value);
  if (problem !== null) {
    const message = `a valid regular expression (this one: ${problem})`;
    context.issues.push({ code: 'custom', message, input: context.value });
  }
});

/** Whether a slash-separated path is relative and stays inside the folder it is relative to. */
export function staysInside(path: string): boolean {
  if (path.startsWith('/') || path.includes('\\')) {
    return false;
  }
  let depth = 0;
  for (const segment of path.split('/')) {
    depth += segment === '..' ? -1 : segment === '.' || segment === '' ? 0 : 1;
    if (depth < 0) {
      return false;
    }
  }
  return true;
}

export const repositoryPath = nonEmptyText.refine(staysInside, {
  error: 'a path relative to the repository root that stays inside it',
});

export const absolutePath = text.refine((value) => value.startsWith('/'), { error: 'an absolute path' });

const insideBaseTemp = "a path relative to pytest's base temp directory that stays inside it";

const resultFile = text.refine(staysInside, { error: insideBaseTemp });

/** `summary.accuracy` or `file.json::summary.accuracy`; empty means no file and no path. */
const entrySchema = text.refine(
  (entry) => !entry.includes('::') || staysInside(entry.slice(0, entry.indexOf('::')).trim()),
  { error: `a dotted path, or <file>::<dotted path> where the file is ${insideBaseTemp}` },
);

const booleanEntry = entrySchema.refine((entry) => entry.trim() !== '', {
  error: 'a dotted path, or <file>::<dotted path>, to a boolean',
});

const maxContextVariables = 50;
const contextVariablesPhrase = { error: `a list of up to ${maxContextVariables} names of constants` };

const sampleCountEntriesSchema = z.strictObject(
  { total: entrySchema.optional(), ok: entrySchema.optional() },
  { error: 'a map with total and ok' },
);
export type SampleCountEntries = z.infer<typeof sampleCountEntriesSchema>;

const maxPlaces = 200;
const placesPhrase = {
  error: `a map of up to ${maxPlaces} entries from metric to place, such as accuracy: "LIMITS['accuracy']"`,
};
const placeText = nonEmptyText.refine((text) => text.length <= maxPlaceLength, {
  error: `a place of up to ${maxPlaceLength} characters`,
});

const deviceKeyPhrase = {
  error: 'gpu, { env: NAME }, { constant: ROW }, or the row itself',
};
const rowName = nonEmptyText.refine((text) => text.length <= 200, {
  error: 'a text of up to 200 characters',
});

/** What says which row of a table by device counts. */
export const deviceKeySchema = z.union(
  [
    rowName.transform((text): DeviceKey => {
      const variable = /^env:\s*([A-Za-z_]\w*)$/.exec(text)?.[1];
      if (variable !== undefined) {
        return { kind: 'env', variable };
      }
      return text === 'gpu' ? { kind: 'gpu' } : { kind: 'constant', row: text };
    }),
    z
      .strictObject({ env: rowName.regex(/^[A-Za-z_]\w*$/, deviceKeyPhrase) }, deviceKeyPhrase)
      .transform(({ env }): DeviceKey => ({ kind: 'env', variable: env })),
    z
      .strictObject({ constant: rowName }, deviceKeyPhrase)
      .transform(({ constant }): DeviceKey => ({ kind: 'constant', row: constant })),
  ],
  deviceKeyPhrase,
);

/** `gpu`: the name of the GPU, mapped by the host profile's `device_names`. */
export type DeviceKey =
  | { kind: 'gpu' }
  | { kind: 'env'; variable: string }
  | { kind: 'constant'; row: string };

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
  /** Metric → the place of its literal, where names do not say it or several literals could be meant. */
  places: z
    .record(keyPart, placeText, placesPhrase)
    .refine((places) => Object.keys(places).length <= maxPlaces, placesPhrase)
    .optional(),
  /** Overrides the inferred sample scope, for all groups or by group. */
  expected_samples: expectedSamplesSchema.optional(),
  /** A boolean in the results without which a repeat does not count. */
  observation_validity: booleanEntry.optional(),
  /** A boolean by which the test says that a failure of its own was one of a threshold. */
  allowed_pytest_failure: booleanEntry.optional(),
};

const variantSchema = z.strictObject(
  {
    ...readingFields,
    constant_filter: pattern.optional(),
    /** Takes the place of the first part of the stage keys, which otherwise comes from the test file's name. */
    stage_base_override: keyPart.optional(),
    /** Leaves the variant's name out of stage keys and titles. */
    omit_variant_suffix: flag.optional(),
    /** Constants of the test file that say under what conditions this variant runs; the first number is its scope. */
    context_vars: z
      .array(nonEmptyText, contextVariablesPhrase)
      .max(maxContextVariables, contextVariablesPhrase)
      .optional(),
  },
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

/** `metric_sources.<test file>`. Fields stay absent where the file gives none. */
export const metricSourceSchema = z.strictObject(
  {
    ...readingFields,
    /** Constants to skip: old or disabled literals. */
    ignored_constants: textList.optional(),
    /** Constants that CI asserts but calibration never proposes to change; not metrics either. */
    fixed_constants: textList.optional(),
    threshold_file: repositoryPath.optional(),
    /** Which row of a table by device counts; replaces the model's. */
    device_key: deviceKeySchema.optional(),
    /** Whether a calibration may write a threshold that is still `None` or `null`. */
    fill_pending: flag.optional(),
    variants: z.record(keyPart, variantSchema, { error: 'a map from variant name to variant' }).optional(),
    calibration_presets: z
      .record(keyPart, calibrationPresetSchema, { error: 'a map from preset name to preset' })
      .optional(),
  },
  { error: 'a map describing where metrics are read' },
);
export type MetricSource = z.infer<typeof metricSourceSchema>;
