import { z } from 'zod';

import { policiesSchema } from '../plan/plan.ts';
import { unitSchema } from '../plan/unit.ts';
import { precheckRequirementsSchema } from '../precheck/requirements.ts';
import { evidencePatternSchema } from '../evidence/log-evidence.ts';
import { laneSchema } from '../lanes/lane.ts';

/** What the workflow needs to know of a planned stage; everything else is read from the run directory's copy. */
const plannedStageSchema = z.object({
  key: z.string(),
  title: z.string(),
  group: z.string(),
  /** Metric keys in catalog order; empty for a docs stage. */
  metrics: z.array(z.string()),
  expected_samples: z.number().int().positive().nullable(),
});
export type PlannedStage = z.infer<typeof plannedStageSchema>;

/**
 * The workflow's input: fixed when the session starts, the same for its whole life. Small on purpose (payload limits);
 * paths travel, contents stay on disk. Holds no environment value that is not in the catalog.
 */
export const sessionPlanSchema = z.object({
  schema: z.literal('calib.session/1'),
  session_id: z.string(),
  label: z.string(),
  model: z.string(),
  repeats: z.number().int().positive(),
  git_sha: z.string().regex(/^[0-9a-f]{40,64}$/, 'a full commit hash'),
  git_branch: z.string(),
  dirty: z.boolean(),
  tree_fingerprint: z.string(),
  repo_root: z.string(),
  run_dir: z.string(),
  /** Host profile name; null when started with `--no-host`. */
  host: z.string().nullable(),
  hostname: z.string(),
  venv_python: z.string(),
  venv_source: z.string(),
  catalog_dir: z.string(),
  stages_yaml: z.string(),
  stages_yaml_sha256: z.string(),
  /** SHA-256 of every test and threshold file at the start, by repository-relative path. */
  file_sha256: z.record(z.string(), z.string()),
  /** Stages whose `stages.yaml` described another version of their files; the operator went on (spec 02 §13). */
  stale_stages: z.array(z.string()).optional(),
  /** Effective catalog environment (spec 01 §4); never secrets. */
  environment: z.record(z.string(), z.string()),
  task_queues: z.object({ home: z.string(), repeats: z.string() }),
  units: z.array(unitSchema).min(1),
  stages: z.array(plannedStageSchema).min(1),
  policies: policiesSchema,
  /** Clean-up script of a dedicated host; null = only own processes are ended. */
  cleanup_script: z.string().nullable().default(null),
  /** Patterns that are counted in the pytest logs (spec 06 §14). */
  evidence: z.array(evidencePatternSchema).default([]),
  /** Name of the pool whose hosts share the repeats; absent = the home host runs all of them. */
  pool: z.string().optional(),
  /** Repeats that may run at the same time. */
  lanes: z.number().int().positive().default(1),
  /** The host's declared lanes, `lanes` of them; absent where any free GPUs are one. */
  lane_table: z.array(laneSchema).min(1).optional(),
  /** pytest seconds of a repeat, by namespace, from earlier sessions; absent in plans that keep the units' order. */
  known_durations: z.record(z.string(), z.number().positive()).optional(),
  precheck: z.object({
    skip: z.boolean(),
    skip_version_check: z.boolean(),
    /** What the machine must have (spec 04); absent in older plans. */
    requirements: precheckRequirementsSchema.optional(),
  }),
  /** True when an existing run directory is continued. */
  resume: z.boolean().default(false),
  /** Carry on although the environment is not the recorded one; absent means no. */
  force_environment: z.boolean().optional(),
  /** False when the server does not know calib's search attributes: upserting them would fail every task. */
  search_attributes: z.boolean().default(true),
  /** Continue as new after this many history events, where the server's own suggestion comes too late (tests). */
  continue_as_new_events: z.number().int().positive().optional(),
  calib_version: z.string(),
});
export type SessionPlan = z.infer<typeof sessionPlanSchema>;
