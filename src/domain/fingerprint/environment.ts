import { z } from 'zod';

const text = z.string().nullable().default(null);
const number = z.number().nullable().default(null);
const versions = z.record(z.string(), z.string()).nullable().default(null);

const gpuSchema = z.object({
  /** `nvidia-smi`'s. */
  index: z.number().int().nonnegative(),
  name: z.string(),
  memory_mib: z.number(),
  uuid: z.string(),
});

/**
 * What is known of the environment that repeats run in; null is "not known" and never counts as a difference. What each
 * field means is said in `fingerprintFields` below.
 */
export const environmentFactsSchema = z.object({
  gpu_models: z.array(z.string()).nullable().default(null),
  gpu_memory_mib: z.array(z.number()).nullable().default(null),
  driver: text,
  cuda: text,
  image_digest: text,
  cpu_model: text,
  cpu_count: number,
  python: text,
  packages: z.record(z.string(), z.string().nullable()).nullable().default(null),
  distributions_sha256: text,
  revisions: versions,
  variables: versions,
  distributions: versions,
  hostname: text,
  kernel: text,
  memory_mib: number,
  gpus: z.array(gpuSchema).nullable().default(null),
  container: text,
  places: versions,
  git_sha: text,
  tree_fingerprint: text,
  stages_yaml_sha256: text,
  calib_version: text,
});
export type EnvironmentFacts = z.infer<typeof environmentFactsSchema>;

/** `environment.json`; fields that a later version adds are kept. */
export const environmentDocumentSchema = z.looseObject({
  schema: z.literal('calib.environment/1'),
  /** `YYYY-MM-DDTHH:MM:SSZ`. */
  captured_at: z.string(),
  /** SHA-256 of `identityText`. */
  identity_sha256: z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256'),
  ...environmentFactsSchema.shape,
});
export type EnvironmentDocument = z.infer<typeof environmentDocumentSchema>;

/** Nothing known, but what is given. */
export function environmentFacts(known: Partial<EnvironmentFacts> = {}): EnvironmentFacts {
  return { ...environmentFactsSchema.parse({}), ...known };
}

export type FingerprintFieldName = keyof EnvironmentFacts;

/** `identity`: repeats may only be pooled where it agrees. `context`: tells where a difference comes from. */
export type FingerprintClass = 'identity' | 'context';

export interface FingerprintField {
  name: FingerprintFieldName;
  class: FingerprintClass;
  /** One sentence for people; `docs/environment.md` has the same. */
  means: string;
}

const identity: Partial<Record<FingerprintFieldName, string>> = {
  gpu_models:
    "Names of the GPUs that sessions here may use, each kind once: a host's number of GPUs is its own.",
  gpu_memory_mib: 'Their memory sizes in MiB, each size once.',
  driver: "Version of the GPUs' driver.",
  cuda: 'Newest CUDA that the driver supports.',
  image_digest:
    'Digest of the container image, from `CALIB_IMAGE_DIGEST`, `OMNI_CI_IMAGE_DIGEST` or `CONTAINER_IMAGE_DIGEST`: no file inside a container tells it.',
  cpu_model: 'Model of the CPU: tokenising, audio processing and scheduling run on it.',
  cpu_count: 'CPUs that this process may use, after affinity.',
  python: 'Version of the interpreter that runs pytest.',
  packages: 'Installed versions of the pinned packages, torch and flashinfer.',
  distributions_sha256: 'SHA-256 over all installed distributions, `name==version` sorted, one a line.',
  revisions: 'Commits of the models and datasets in the hub cache that the stages need.',
  variables:
    'Variables that pytest gets from the catalog, and the inherited `NVIDIA_*` ones but `NVIDIA_VISIBLE_DEVICES`, where the value is neither a path nor an address.',
};

const context: Partial<Record<FingerprintFieldName, string>> = {
  distributions: 'The list behind that hash: it tells which package differs.',
  hostname: 'Name of the machine.',
  kernel: 'Release of its kernel.',
  memory_mib: 'Its main memory in MiB.',
  gpus: 'Each GPU with index, name, memory in MiB and UUID; null where no stage needs one.',
  container: 'Kind of container, `docker`, `podman`, `kubernetes` or `other`; `none` outside of one.',
  places: 'The other variables that may be recorded: paths, addresses, language, terminal.',
  git_sha: "The session's commit; a resume on another one is refused in any case.",
  tree_fingerprint: 'Hash of commit and work tree; a resume on another one is refused in any case.',
  stages_yaml_sha256: 'SHA-256 of `stages.yaml`; a resume with another one is refused in any case.',
  calib_version: 'Version of calib.',
};

/** Every field of the fingerprint, identity first, in the order in which differences are told. */
export const fingerprintFields: readonly FingerprintField[] = [
  ...fieldsOf('identity', identity),
  ...fieldsOf('context', context),
];

function fieldsOf(
  className: FingerprintClass,
  sentences: Partial<Record<FingerprintFieldName, string>>,
): FingerprintField[] {
  return Object.entries(sentences).map(([name, means]) => ({
    name: name as FingerprintFieldName,
    class: className,
    means,
  }));
}

/** The identity fields as one text, equal for equal values; its SHA-256 is the fingerprint's identity. */
export function identityText(facts: EnvironmentFacts): string {
  const fields = fingerprintFields.filter((field) => field.class === 'identity');
  return JSON.stringify(fields.map(({ name }) => [name, sorted(facts[name])]));
}

function sorted(value: EnvironmentFacts[FingerprintFieldName]): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}

/** The part of a recordable environment that decides numbers, and the part that only says where things lie. */
export interface SplitVariables {
  variables: Record<string, string>;
  places: Record<string, string>;
}

/**
 * Which variables belong to identity: those of the catalog,
 * and the driver's own, but for which GPUs a container was given. A path or an address differs between hosts that
 * measure the same; language and terminal differ between a shell and a service.
 *
 * @param recordable an environment without secrets
 */
export function splitVariables(
  recordable: Readonly<Record<string, string>>,
  catalogNames: Iterable<string>,
): SplitVariables {
  const catalog = new Set(catalogNames);
  const decides = ([name, value]: [string, string]): boolean =>
    (catalog.has(name) || isDriverVariable(name)) && !isPlace(value);
  const entries = Object.entries(recordable);
  return {
    variables: Object.fromEntries(entries.filter(decides)),
    places: Object.fromEntries(entries.filter((entry) => !decides(entry))),
  };
}

function isDriverVariable(name: string): boolean {
  return name.startsWith('NVIDIA_') && name !== 'NVIDIA_VISIBLE_DEVICES';
}

/** A path, a list of paths, or a URL. */
function isPlace(value: string): boolean {
  return value.split(':').some((part) => /^[/~]|^\.{1,2}\//.test(part));
}
