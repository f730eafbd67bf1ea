import { z } from 'zod';

import { ciReferenceSchema } from '../catalog/ci-reference.ts';
import { laneSchema } from '../lanes/lanes.ts';
import { jitCacheSchema } from '../pytest/jit-cache.ts';

const text = z.string();
const texts = z.array(z.string());
const split = z.object({
  required: texts,
  /** Known to the model config, not needed by the stages that run. */
  optional: texts,
});

/**
 * What a precheck asks of the machine, resolved from catalog and checkout when it is requested: the model config itself
 * does not travel. Small, because it is part of a session's plan; holds no secret (the catalog refuses them).
 */
export const precheckRequirementsSchema = z.object({
  /** `configured`: everything that the model config and its tests name. `stages`: what the selected stages need. */
  scope: z.enum(['configured', 'stages']),
  /** Hub ids. */
  models: split,
  /** Hub ids. */
  datasets: split,
  /** Datasets that a test asks for and the config does not list. */
  unlisted_datasets: texts,
  /** About the catalog, found while resolving. */
  warnings: texts,
  /** Presets that calibration could not run, or not alone. */
  preset_problems: texts,
  pins: z.array(z.object({ package: text, match: z.enum(['exact', 'release']) })),
  /** Modules that must import, beside pytest. */
  imports: texts,
  /** What happens to compiled kernels before a launch; absent in older plans, which wiped them. */
  jit_cache: jitCacheSchema.optional(),
  /** Test files in question and the further arguments of their launches; absent in older plans. */
  launches: z.array(z.object({ test: text, args: texts })).optional(),
  environment: z.array(
    z.object({ name: text, value: text, source: z.enum(['config', 'host', 'derived', 'option']) }),
  ),
  gpus: z.object({
    /** Free GPUs needed at once; 0 = GPUs are not looked at. */
    needed: z.int().nonnegative(),
    /** Substring of the name that every GPU must have. */
    model: text.nullable(),
    /** GPUs that the host must have. */
    count: z.int().nonnegative().nullable(),
    /** Lanes of the session on this host; absent outside of a session. */
    lane_count: z.int().positive().optional(),
    /** The session's declared lanes, whose GPUs must all be there; absent without any. */
    lanes: z.array(laneSchema).optional(),
  }),
  /** The environment that CI recorded, which this one must be like; absent where the config names none. */
  ci_reference: ciReferenceSchema.optional(),
  capabilities: z.array(z.object({ name: text, required: z.boolean(), tests: texts })),
  speaker_sim: z.object({
    required: z.boolean(),
    /** Whether the host profile has a warm-cache command of its own. */
    host_command: z.boolean(),
    /** Where the host profile says the token comes from. */
    hf_token_hint: text.nullable(),
  }),
  /** Interpreters that were tried in order; empty unless the config's list decided. */
  venv_candidates: texts,
  /** Null with `--no-host`, and where no profile is active although none was declined (`host_declined` false). */
  host: z
    .object({
      name: text,
      file: text,
      repo_root: text.nullable(),
      venv_python: text.nullable(),
      hf_hub: text.nullable(),
      speaker_sim: text.nullable(),
      omni_ci_home: text.nullable(),
      /** Paths of the profile's checklist for people. */
      checklist: texts,
      goal: text.nullable(),
      run_dirs: texts,
    })
    .nullable(),
  host_declined: z.boolean(),
});
export type PrecheckRequirements = z.infer<typeof precheckRequirementsSchema>;
export type RequirementHost = NonNullable<PrecheckRequirements['host']>;

/** Whether the environment has an `OMNI_CI_HOME`: then some remedies must warn of what deletes it. */
export function hasSlice({ environment }: Pick<PrecheckRequirements, 'environment'>): boolean {
  return environment.some(({ name }) => name === 'OMNI_CI_HOME');
}
