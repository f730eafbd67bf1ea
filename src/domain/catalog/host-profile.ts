import { z } from 'zod';

import { readCatalogDocument, type CatalogDocument, type CatalogProblem } from './catalog-document.ts';
import { hostLanesSchema, laneProblems } from './host-lanes.ts';
import {
  absolutePath,
  environmentMap,
  flag,
  gpuCount,
  nonEmptyText,
  seconds,
  text,
  textList,
} from './schema-parts.ts';

const warmCacheSchema = z.strictObject(
  {
    env: environmentMap.default({}),
    /** Where the operator finds the token; never the token itself. */
    hf_token: text.optional(),
    /** Shell lines that download the speaker-similarity assets. Printed, never run by calib. */
    command: text.optional(),
  },
  { error: 'a map with env, hf_token and command' },
);

/** `hosts/<host>.yaml` (spec 01 §5): v0.6.0's keys, then calib's. Paths are as seen inside the container. */
const hostProfileSchema = z.strictObject(
  {
    name: nonEmptyText.optional(),
    /** Equal to the machine's hostname → this profile is picked by itself. */
    hostname: nonEmptyText.optional(),
    repo_root: absolutePath.optional(),
    venv_python: absolutePath.optional(),
    physical: z
      .strictObject(
        {
          /** Hugging Face home; its `hub/` holds the snapshots. */
          hf_hub: absolutePath.optional(),
          /** WavLM speaker-verification assets. */
          speaker_sim: absolutePath.optional(),
          /** Calibration slice directory. */
          omni_ci_home: absolutePath.optional(),
        },
        { error: 'a map of paths' },
      )
      .default({}),
    /** For people; any shape. */
    precheck_checklist: z.unknown().optional(),
    speaker_similarity_bootstrap: z
      .strictObject({ warm_cache: warmCacheSchema.optional() }, { error: 'a map with warm_cache' })
      .optional(),
    agent_policy: z
      .strictObject(
        {
          /** `report_missing_first`: gaps are reported, never repaired by themselves. */
          env_check: text.optional(),
          /** Longest silence between two progress outputs, seconds. */
          poll_interval_max_s: seconds.optional(),
        },
        { error: 'a map with env_check and poll_interval_max_s' },
      )
      .optional(),
    handoff: z
      .strictObject(
        {
          goal: text.optional(),
          speaker_sim_complete: flag.optional(),
          calibration_started: flag.optional(),
          run_dirs: textList.optional(),
        },
        { error: 'a map with goal, speaker_sim_complete, calibration_started and run_dirs' },
      )
      .optional(),
    /** Machines of one pool may share a session's repeats; absent = the host stands alone. */
    pool: z
      .string({ error: 'a short name' })
      .regex(/^[a-z0-9][a-z0-9-]*$/, { error: 'a short name of a–z, 0–9 and -' })
      .optional(),
    /** Substring of the GPU name that `nvidia-smi` must show; another model is an error (spec 04 §11). */
    gpu_model: nonEmptyText.optional(),
    gpu_count: gpuCount.optional(),
    /** A machine that serves calibration only. */
    exclusive: flag.optional(),
    /** The repository's own GPU clean-up; only an exclusive machine may name one. */
    cleanup_script: nonEmptyText.optional(),
    /** Seconds to wait for free GPUs before an attempt fails. */
    gpu_wait_s: seconds.optional(),
    /** GPU groups on each of which one repeat runs at a time; absent = one lane on any free GPUs, as in CI. */
    lanes: hostLanesSchema.optional(),
  },
  { error: 'a map of settings' },
);
export type HostProfile = z.infer<typeof hostProfileSchema>;

const sourceTextPaths = ['speaker_similarity_bootstrap.warm_cache.env.*'];

/**
 * Reads and validates a host profile.
 *
 * @throws CalibError `invalid-input`, naming file, line, column, key, what was found and what would be valid
 */
export function parseHostProfile(source: { file: string; yaml: string }): CatalogDocument<HostProfile> {
  return readCatalogDocument({
    ...source,
    schema: hostProfileSchema,
    sourceTextPaths,
    check: (profile) => [...cleanupProblems(profile), ...laneProblems(profile)],
  });
}

function cleanupProblems({ cleanup_script, exclusive }: HostProfile): CatalogProblem[] {
  if (cleanup_script === undefined || exclusive === true) return [];
  const valid = 'only together with exclusive: true, since the script may end foreign processes';
  return [{ path: ['cleanup_script'], valid }];
}
