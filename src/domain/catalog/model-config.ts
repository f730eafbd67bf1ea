import { z } from 'zod';

import { compatibleVersions } from '../metrics/substring-names.ts';
import { jitCacheSchema } from '../pytest/jit-cache.ts';
import type { StageDefinition } from '../stages/stage.ts';
import { identityPhrase, isIdentity } from '../untrusted/cut-text.ts';
import { type CatalogDocument, type CatalogProblem, readCatalogDocument } from './catalog-document.ts';
import { type CiReference, ciReferenceSchema, comparableFields } from './ci-reference.ts';
import { metricDefinitionSchema, metricProblems } from './metric-definition.ts';
import {
  absolutePath,
  byteCount,
  byTestFile,
  environmentMap,
  flag,
  gpuCount,
  keyPart,
  deviceKeySchema,
  metricSourceSchema,
  nonEmptyText,
  pattern,
  repositoryPath,
  seconds,
  text,
  textList,
} from './metric-source.ts';
import { baseName, refusedPytestArguments, reservedVariables } from './names.ts';
import { unknownNames } from './unknown-names.ts';

const longestDescription = 65_536;
const descriptionPhrase = { error: `a text of at most ${longestDescription} characters` };

const pytestArguments = z
  .array(z.string({ error: 'one scalar value' }).refine(isIdentity, { error: identityPhrase }), {
    error: 'a list of arguments',
  })
  .refine((args) => refusedPytestArguments(args).length === 0, {
    error:
      'arguments that neither end the file early (-x, --exitfirst, --maxfail, --stepwise), nor leave tests out (--lf, ' +
      '--collect-only), nor move the base temp (--basetemp, -p no:tmpdir, -n), nor do so from elsewhere (@file, ' +
      '-o addopts): every test of the file must run and leave its results',
  });

const interpretersPhrase = { error: 'a path, or a non-empty list of paths' };

const capability = z.string().regex(/^CAP_[A-Z_]+$/, { error: 'a Linux capability such as CAP_SYS_PTRACE' });

const pinSchema = z.strictObject(
  {
    package: nonEmptyText,
    /** `exact`: the installed version equals the pin. `release`: same release, any local suffix. */
    match: z.enum(['exact', 'release'], { error: 'exact or release' }),
  },
  { error: 'a map with package and match' },
);
export type Pin = z.infer<typeof pinSchema>;

const minimumCountPhrase = { error: 'a whole number, 1 or more' };
const evidenceSchema = z.strictObject(
  {
    name: nonEmptyText,
    /** Counted in the pytest logs. */
    pattern,
    min_count: z.int(minimumCountPhrase).min(1, minimumCountPhrase).default(1),
  },
  { error: 'a map with name, pattern and min_count' },
);

const commandPhrase = { error: 'a program and its arguments, as a list of strings' };
const ciReferencePhrase = {
  error: 'the path of an environment.json in the repository, or a map with file or command, and may_differ',
};
const ciReference = z
  .union(
    [
      repositoryPath.transform((file) => ({ file })),
      z.strictObject({
        file: repositoryPath.optional(),
        command: z.array(nonEmptyText, commandPhrase).min(1, commandPhrase).max(50, commandPhrase).optional(),
        may_differ: z.array(z.enum(comparableFields)).optional(),
      }),
    ],
    ciReferencePhrase,
  )
  .refine(({ file, command }: { file?: string | undefined; command?: string[] | undefined }) => {
    return (file === undefined) !== (command === undefined);
  }, ciReferencePhrase)
  .transform((given): CiReference => ciReferenceSchema.parse(given));

/** `models/<model>/config.yaml`: v0.6.0's keys, then calib's. Keys by test file are base names. */
export const modelConfigSchema = z.strictObject(
  {
    name: nonEmptyText,
    description: z.string({ error: 'a string' }).max(longestDescription, descriptionPhrase).optional(),
    /** Absent for a suite that needs no model of a hub. */
    hf_model_id: nonEmptyText.optional(),
    hf_model_ids_by_test: byTestFile(textList).default({}),
    hf_datasets: textList.default([]),
    /** What a test file needs of them, where its text does not say; an empty list for one that needs none. */
    hf_datasets_by_test: byTestFile(textList).default({}),
    omni_ci_home: absolutePath.optional(),
    /** One interpreter, or candidates in order. */
    default_venv_python: z
      .union(
        [nonEmptyText, z.array(nonEmptyText, interpretersPhrase).min(1, interpretersPhrase)],
        interpretersPhrase,
      )
      .optional(),
    auto_env: environmentMap.default({}),
    gpus_per_test: byTestFile(gpuCount).default({}),
    test_globs: z
      .array(repositoryPath, { error: 'a list of globs relative to the repository root' })
      .default([]),
    extra_env: byTestFile(environmentMap).default({}),
    pytest_extra_args: byTestFile(pytestArguments).default({}),
    stage_base_strip_prefix: text.default(''),
    stage_base_strip_suffix: text.default(''),
    stage_base_docs_override: nonEmptyText.optional(),
    metric_sources: byTestFile(metricSourceSchema).default({}),
    /** Which row of a table by device counts, for every test that says nothing else. */
    device_key: deviceKeySchema.optional(),
    metrics: z
      .record(keyPart, metricDefinitionSchema, { error: 'a map from metric to definition' })
      .default({}),
    /** Names of constants are read as that version of the original tool read them. */
    compat: z.enum(compatibleVersions, { error: `one of: ${compatibleVersions.join(', ')}` }).optional(),
    /** Linux capabilities that a test needs of its container. */
    requires_capabilities: byTestFile(z.array(capability, { error: 'a list of capabilities' })).default({}),
    /** Overrides the default rule on when the speaker-similarity assets are a gate. */
    requires_speaker_sim: flag.optional(),
    /** Modules that must import in the interpreter that runs the tests; pytest always must. */
    imports: textList.default([]),
    /** Packages whose installed version must follow the pin in the repository's `pyproject.toml`. */
    pins: z.array(pinSchema, { error: 'a list of pins' }).default([]),
    requires_speaker_sim_by_test: byTestFile(flag).default({}),
    /** Wall-time limit of one pytest invocation, seconds. */
    timeout_s_by_test: byTestFile(seconds).default({}),
    /** Seconds that pytest may take to exit after its last test, once every result is complete (default 60). */
    exit_grace_s: seconds.optional(),
    /** False: a repeat whose pytest crashed or hung after its results never counts. */
    count_after_crash: flag.optional(),
    /** Whether FlashInfer's compiled kernels are removed before every launch, as the suite's CI does or does not. */
    jit_cache: jitCacheSchema.default('cold'),
    /** Bytes of one launch's log beyond which it is ended. */
    max_log_bytes: byteCount.optional(),
    /** Bytes of the largest result file that is read. */
    max_result_bytes: byteCount.optional(),
    /** The environment that CI last ran with, which precheck compares with this machine's. */
    ci_reference: ciReference.optional(),
    evidence: z.array(evidenceSchema, { error: 'a list of evidence patterns' }).default([]),
  },
  { error: 'a map of settings' },
);
export type ModelConfig = z.infer<typeof modelConfigSchema>;

/** Maps and lists of strings: an unquoted scalar in them keeps its source text. */
const sourceTextPaths = [
  'auto_env.*',
  'extra_env.*.*',
  'pytest_extra_args.*.*',
  'metric_sources.*.calibration_presets.*.extra_env.*',
];

/**
 * Reads and validates a model config.
 *
 * @param source `file` is the name used in messages; `directoryName` is what the config's `name` must equal
 * @throws CalibError `invalid-input`, naming file, line, column, key, what was found and what would be valid
 */
export function parseModelConfig(source: {
  file: string;
  yaml: string;
  directoryName: string;
}): CatalogDocument<ModelConfig> {
  const { file, yaml, directoryName } = source;
  return readCatalogDocument({
    file,
    yaml,
    schema: modelConfigSchema,
    sourceTextPaths,
    check: (config) => [
      ...(config.name === directoryName
        ? []
        : [{ path: ['name'], valid: `"${directoryName}", the name of the folder it is in` }]),
      ...metricProblems(config.metrics),
      ...reservedNames(config),
    ],
    notices: unknownNames,
  });
}

/** Refused here, and not at the first launch of the test that is meant. */
function reservedNames(config: ModelConfig): CatalogProblem[] {
  const tests = Object.entries(config.extra_env).map(([test, variables]) => ({
    path: ['extra_env', test],
    variables,
  }));
  const presets = Object.entries(config.metric_sources).flatMap(([test, source]) =>
    Object.entries(source.calibration_presets ?? {}).map(([preset, { extra_env: variables }]) => ({
      path: ['metric_sources', test, 'calibration_presets', preset, 'extra_env'],
      variables: variables ?? {},
    })),
  );
  const valid = 'a variable that calib does not set itself for every launch';
  return [
    ...reservedVariables(config.auto_env, 'auto_env').map((name) => ({ path: ['auto_env', name], valid })),
    ...[...tests, ...presets].flatMap(({ path, variables }) =>
      reservedVariables(variables, 'extra_env').map((name) => ({ path: [...path, name], valid })),
    ),
  ];
}

type ModelIds = Pick<ModelConfig, 'hf_model_id' | 'hf_model_ids_by_test'>;

/** Without empty entries and repeats; the first occurrence keeps its place. */
function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids.filter((id) => id !== ''))];
}

/** Checkpoints that the stages need: the stage's own, else its test file's, else the model's, if any. */
export function requiredModelIds(
  stages: readonly Pick<StageDefinition, 'test' | 'hf_model_ids'>[],
  config: ModelIds,
): string[] {
  const ofStage = (stage: Pick<StageDefinition, 'test' | 'hf_model_ids'>): string[] => {
    if (stage.hf_model_ids !== undefined && stage.hf_model_ids.length > 0) {
      return stage.hf_model_ids;
    }
    return config.hf_model_ids_by_test[baseName(stage.test)] ?? [config.hf_model_id ?? ''];
  };
  return distinct(stages.flatMap(ofStage));
}

/** Every checkpoint of the config: the model's, then those by test file. */
export function allModelIds(config: ModelIds): string[] {
  return distinct([config.hf_model_id ?? '', ...Object.values(config.hf_model_ids_by_test).flat()]);
}
