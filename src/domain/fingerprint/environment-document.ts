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
 * field means is said in `fingerprint-fields.ts`.
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
