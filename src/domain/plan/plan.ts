import { z } from 'zod';

import { evidencePatternSchema } from '../evidence/log-evidence.ts';
import { laneSchema } from '../lanes/lane.ts';
import { unitSchema } from './unit.ts';

/** Budgets and limits of a session; recorded in the plan so that a finished directory says what it ran under. */
export const policiesSchema = z.object({
  /** Launches per (unit, repeat) and pass before the cell is left for the next pass (spec 05 §8: 4). */
  attempts_per_pass: z.number().int().positive().default(4),
  /** Times the whole set is gone through again for what is missing (spec 03 §6: 10). */
  max_passes: z.number().int().positive().default(10),
  /** Wall-time limit of one pytest invocation, seconds, where the model config gives none. */
  timeout_s: z
    .number()
    .positive()
    .default(4 * 3600),
  /** Seconds without log growth that are reported as a stall, and end a run whose log holds a suspect signature. */
  stall_s: z.number().positive().default(600),
  /** Seconds without log growth that end any run (spec 05 §8 "stall time"). */
  silence_s: z.number().positive().default(3600),
  /** Seconds to wait for the GPU gate before the attempt fails as infra (spec 05 §7: 600). */
  gpu_wait_s: z.number().positive().default(600),
  /** Seconds after which a task queue that nobody polls is reported as such; the session waits on. */
  worker_wait_s: z.number().positive().default(600),
  /** Longest silence of progress output, seconds, where a host profile wants less than the usual minute. */
  progress_s: z.number().positive().optional(),
  /** First backoff of an infra retry, seconds; doubles up to a minute. */
  retry_backoff_s: z.number().positive().default(5),
});
export type Policies = z.infer<typeof policiesSchema>;

/** What calib appends to v0.6.0's plan (spec 05 §4); all optional, because old directories lack them. */
const calibPlanFields = {
  session_id: z.string().optional(),
  label: z.string().optional(),
  /** Host profile name, null without one. */
  host: z.string().nullable().optional(),
  hostname: z.string().optional(),
  repo_root: z.string().optional(),
  units: z.array(unitSchema).optional(),
  stages_yaml_sha256: z.string().optional(),
  calib_version: z.string().optional(),
  /** Hash over HEAD, tracked modifications and untracked non-ignored files (spec 05 §4). */
  tree_fingerprint: z.string().optional(),
  /** SHA-256 of every test and threshold file when the session started, by repository-relative path. */
  file_sha256: z.record(z.string(), z.string()).optional(),
  /** Stages whose `stages.yaml` described another version of their files; the operator went on (spec 02 §13). */
  stale_stages: z.array(z.string()).optional(),
  /** Effective catalog environment of every pytest (01 §4); never secrets. */
  environment: z.record(z.string(), z.string()).optional(),
  policies: policiesSchema.optional(),
  precheck_skipped: z.boolean().optional(),
  version_check_skipped: z.boolean().optional(),
  catalog_dir: z.string().optional(),
  /** The dedicated host's own GPU clean-up, run scoped to the lane (05 §7); null without one. */
  cleanup_script: z.string().nullable().optional(),
  /** Patterns that are counted in the pytest logs (06 §14), as the model's config had them. */
  evidence: z.array(evidencePatternSchema).optional(),
  /** The lanes that the session began with; absent where any free GPUs are one. */
  lane_table: z.array(laneSchema).optional(),
  /** The pool whose hosts share the repeats; absent = the home host runs all of them. */
  pool: z.string().optional(),
  /** On another host of a pool: whose session this directory serves. The records that count are there. */
  mirror_of: z.object({ hostname: z.string(), run_dir: z.string() }).optional(),
  /** Each `stages.yaml` that a corrected one replaced: when, the name it is kept under, and what changed. */
  stages_yaml_history: z
    .array(z.object({ at: z.string(), kept: z.string(), changes: z.array(z.string()) }))
    .optional(),
  /** Each other environment that a resume was forced on (`--force-environment`): when, which, and what differs. */
  forced_environments: z
    .array(z.object({ at: z.string(), identity_sha256: z.string(), differences: z.array(z.string()) }))
    .optional(),
  last_resume_at: z.string().optional(),
  last_resume_git_sha: z.string().optional(),
};

/** `plan.json`, v0.6.0's fields in its order, then calib's. Unknown fields are kept. */
export const planSchema = z.looseObject({
  model: z.string(),
  stages: z.array(z.string()),
  repeats: z.number().int().positive(),
  timestamp: z.string().default(''),
  calibration_started_at: z.string().optional(),
  calibration_git_sha: z.string().optional(),
  git_sha: z.string().optional(),
  git_branch: z.string().optional(),
  dirty: z.boolean().optional(),
  venv_python: z.string().optional(),
  venv_source: z.string().optional(),
  tune_version: z.string().optional(),
  stages_yaml: z.string().optional(),
  ...calibPlanFields,
});
export type Plan = z.infer<typeof planSchema>;

/** The one commit a session observes (spec 05 §4); empty when the plan records none. */
export function sessionCommit(plan: Pick<Plan, 'calibration_git_sha' | 'git_sha'>): string {
  return plan.calibration_git_sha || plan.git_sha || '';
}
