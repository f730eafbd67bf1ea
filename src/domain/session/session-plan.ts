import { z } from 'zod';

import { CalibError } from '../calib-error.ts';
import { evidencePatternSchema } from '../evidence/log-evidence.ts';
import { laneSchema } from '../lanes/lanes.ts';
import { compatibleVersions } from '../metrics/substring-names.ts';
import { precheckRequirementsSchema } from '../precheck/requirements.ts';
import { jitCacheSchema } from '../pytest/jit-cache.ts';
import { compactUtcTimestamp } from '../text.ts';
import { beyondBounds } from './session-bounds.ts';

/** One pytest invocation per repeat: a (test file, environment) pair that feeds one or more stages. */
export const unitSchema = z.object({
  /** Directory name and label, unique within a plan: `test_tts_ci__higgs`. */
  namespace: z.string(),
  /** Repository-relative POSIX path of the test file. */
  test: z.string(),
  /** The stages' common `extra_env`. */
  env: z.record(z.string(), z.string()),
  /** GPUs the invocation needs; 0 = none, the GPU gate is skipped. */
  gpus: z.number().int().nonnegative(),
  /** Stage keys in selection order. */
  stages: z.array(z.string()).min(1),
  /** The model config's `pytest_extra_args` for this test file. */
  pytest_args: z.array(z.string()).default([]),
  /** Wall-time limit of one pytest invocation in seconds; absent = the policy's default. */
  timeout_s: z.number().positive().optional(),
});
export type Unit = z.infer<typeof unitSchema>;

/** 20 GB: a verbose run of hours writes a few hundred megabytes. */
export const defaultMaxLogBytes = 20_000_000_000;

export const defaultMaxResultBytes = 64 * 1024 * 1024;

/** Budgets and limits of a session; recorded in the plan so that a finished directory says what it ran under. */
export const policiesSchema = z.object({
  /** Launches per (unit, repeat) and pass before the cell is left for the next pass: 4. */
  attempts_per_pass: z.number().int().positive().default(4),
  /** Times the whole set is gone through again for what is missing: 10. */
  max_passes: z.number().int().positive().default(10),
  /** Wall-time limit of one pytest invocation, seconds, where the model config gives none. */
  timeout_s: z
    .number()
    .positive()
    .default(4 * 3600),
  /** Seconds without log growth that are reported as a stall, and end a run whose log holds a suspect signature. */
  stall_s: z.number().positive().default(600),
  /** Seconds without log growth that end any run. */
  silence_s: z.number().positive().default(3600),
  /**
   * Seconds that a pytest whose results are complete and which has summed up may take to exit, server teardown included;
   * afterwards it is ended and the repeat counts.
   */
  exit_grace_s: z.number().positive().default(60),
  /** Whether a repeat counts whose pytest crashed or hung after every stage was measured in full. */
  count_after_crash: z.boolean().default(true),
  /** Bytes of one launch's log beyond which it is ended as infra: a flood fills the disk and hides what matters. */
  max_log_bytes: z.number().int().positive().default(defaultMaxLogBytes),
  /** Bytes of the largest result file that is read: results are summaries, a larger one is a wrong file. */
  max_result_bytes: z.number().int().positive().default(defaultMaxResultBytes),
  /** Whether compiled kernels are removed before every launch; as the model's CI does. */
  jit_cache: jitCacheSchema.default('cold'),
  /** Seconds to wait for the GPU gate before the attempt fails as infra: 600. */
  gpu_wait_s: z.number().positive().default(600),
  /** Seconds after which a task queue that no worker polls is reported as such; the session waits on. */
  worker_wait_s: z.number().positive().default(600),
  /** Longest silence of progress output, seconds, where a host profile wants less than the usual minute. */
  progress_s: z.number().positive().optional(),
  /** First backoff of an infra retry, seconds; doubles up to a minute. */
  retry_backoff_s: z.number().positive().default(5),
});
export type Policies = z.infer<typeof policiesSchema>;

/** What a session launches pytest for: to calibrate, or once per unit to see whether it would work. */
export const sessionPurposeSchema = z.enum(['calibration', 'smoke']);
export type SessionPurpose = z.infer<typeof sessionPurposeSchema>;

const cleanupArgs = z.array(z.string().max(4096)).max(50);

/** What a host profile says about its device, see `HostDevice`. */
const deviceSchema = z.object({ gpu: z.string().nullable(), names: z.record(z.string(), z.string()) });

/** The selection was narrowed to what changed since a reference: by test file the changed files, up to 20 of each. */
const changedSinceSchema = z.object({
  ref: z.string(),
  base: z.string(),
  tests: z.record(z.string(), z.array(z.string()).max(20)),
});

/** What calib appends to v0.6.0's plan; all optional, because old directories lack them. */
const calibPlanFields = {
  session_id: z.string().optional(),
  label: z.string().optional(),
  /** Host profile name, null without one. */
  host: z.string().nullable().optional(),
  hostname: z.string().optional(),
  repo_root: z.string().optional(),
  units: z.array(unitSchema).optional(),
  stages_yaml_sha256: z.string().optional(),
  /** Absent where the definitions were read from the catalog's file. */
  stages_from: z.literal('discovery').optional(),
  /** The device whose rows of tables by device count; absent where none is known. */
  device: deviceSchema.optional(),
  /** Names were read as that version of the original tool read them; absent = as today. */
  compat: z.enum(compatibleVersions).optional(),
  changed_since: changedSinceSchema.optional(),
  calib_version: z.string().optional(),
  /** Which tool made the directory; absent in the original's, and in calib's own before it was recorded. */
  made_by: z.string().max(100).optional(),
  /** Hash over HEAD, tracked modifications and untracked non-ignored files. */
  tree_fingerprint: z.string().optional(),
  /** SHA-256 of every test and threshold file when the session started, by repository-relative path. */
  file_sha256: z.record(z.string(), z.string()).optional(),
  /** Stages whose `stages.yaml` described another version of their files; the operator went on. */
  stale_stages: z.array(z.string()).optional(),
  /** Effective catalog environment of every pytest; never secrets. */
  environment: z.record(z.string(), z.string()).optional(),
  /** Variables that `--env` named without a value: where this user's workers on the home host find them. */
  passed_env: z.object({ names: z.array(z.string()), file: z.string() }).optional(),
  policies: policiesSchema.optional(),
  precheck_skipped: z.boolean().optional(),
  version_check_skipped: z.boolean().optional(),
  catalog_dir: z.string().optional(),
  /** The dedicated host's own GPU clean-up, run scoped to the lane; null without one. */
  cleanup_script: z.string().nullable().optional(),
  /** What the clean-up is started with; absent where nothing. */
  cleanup_args: cleanupArgs.optional(),
  /** Patterns that are counted in the pytest logs, as the model's config had them. */
  evidence: z.array(evidencePatternSchema).optional(),
  /** Repeats that may run at the same time on this directory's host; absent in older plans. */
  lanes: z.number().int().positive().optional(),
  /** The lanes that the session began with; absent where any free GPUs are one. */
  lane_table: z.array(laneSchema).optional(),
  /** The pool whose hosts share the repeats; absent = the home host runs all of them. */
  pool: z.string().optional(),
  /** `smoke`: nothing in this directory is a calibration's. Absent = calibration. */
  purpose: sessionPurposeSchema.optional(),
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

/** The one commit a session observes; empty when the plan records none. */
export function sessionCommit(plan: Pick<Plan, 'calibration_git_sha' | 'git_sha'>): string {
  return plan.calibration_git_sha || plan.git_sha || '';
}

/** A plan with its keys in the order of `plan.json`: v0.6.0's fields, calib's, then unknown ones. */
export function orderPlan(plan: Plan): Plan {
  const known = Object.keys(planSchema.shape).filter((key) => plan[key] !== undefined);
  const unknown = Object.keys(plan).filter((key) => !(key in planSchema.shape));
  const ordered = Object.fromEntries([...known, ...unknown].map((key) => [key, plan[key]]));
  return ordered as Plan;
}

const labelForm = /^[A-Za-z0-9._-]+$/;

/** Session ids are folder names with other names appended; file systems allow 255 bytes. */
const maxLabelLength = 80;

/**
 * `<YYYYMMDDTHHMMSSZ>_<label>`: base name of the run directory and workflow id.
 *
 * @throws CalibError for a label that is empty, too long, or holds anything outside `[A-Za-z0-9._-]`.
 */
export function makeSessionId(date: Date, label: string): string {
  return `${compactUtcTimestamp(date)}_${checkLabel(label)}`;
}

function checkLabel(label: string): string {
  if (labelForm.test(label) && label.length <= maxLabelLength) return label;
  throw new CalibError('invalid-input', `label ${JSON.stringify(label)} cannot name a run directory`, {
    remedy: `use 1 to ${maxLabelLength} of the characters A-Z a-z 0-9 . _ -, as in "mmsu_r3"`,
  });
}

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
const sessionPlanFields = z.object({
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
  /** File of the stage definitions. */
  stages_yaml: z.string(),
  stages_yaml_sha256: z.string(),
  /** `discovery`: whoever needs the definitions discovers them at the commit; absent: they are read from the file. */
  stages_from: z.literal('discovery').optional(),
  device: deviceSchema.optional(),
  compat: z.enum(compatibleVersions).optional(),
  changed_since: changedSinceSchema.optional(),
  /** SHA-256 of every test and threshold file at the start, by repository-relative path. */
  file_sha256: z.record(z.string(), z.string()),
  /** Stages whose `stages.yaml` described another version of their files; the operator went on. */
  stale_stages: z.array(z.string()).optional(),
  /** Effective catalog environment; never secrets. */
  environment: z.record(z.string(), z.string()),
  /** Variables that `--env` named without a value; their values travel in a private file, never in a history. */
  passed_env: z.object({ names: z.array(z.string()), file: z.string() }).optional(),
  task_queues: z.object({ home: z.string(), repeats: z.string() }),
  units: z.array(unitSchema).min(1),
  stages: z.array(plannedStageSchema).min(1),
  policies: policiesSchema,
  /** Clean-up script of a dedicated host; null = only own processes are ended. */
  cleanup_script: z.string().nullable().default(null),
  /** What that script is started with; absent where nothing. */
  cleanup_args: cleanupArgs.optional(),
  /** Patterns that are counted in the pytest logs. */
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
    /** What the machine must have; absent in older plans. */
    requirements: precheckRequirementsSchema.optional(),
  }),
  /** `smoke`: every unit is launched once, nothing is recorded, and the session ends by itself. Absent = calibration. */
  purpose: sessionPurposeSchema.optional(),
  /** True when an existing run directory is continued. */
  resume: z.boolean().default(false),
  /** Continue although the environment is not the recorded one; absent means no. */
  force_environment: z.boolean().optional(),
  /** False when the server does not know calib's search attributes: upserting them would fail every task. */
  search_attributes: z.boolean().default(true),
  /** Continue as new after this many history events; absent: when the server suggests it. */
  continue_as_new_events: z.number().int().positive().optional(),
  calib_version: z.string(),
});

/** The same within the bounds of one session. */
export const sessionPlanSchema = sessionPlanFields.superRefine((plan, context) => {
  for (const { path, message } of beyondBounds(plan)) context.addIssue({ code: 'custom', path, message });
});
export type SessionPlan = z.infer<typeof sessionPlanSchema>;

/**
 * `continue_as_new_events` of new sessions. Any worker may have to replay the history before it answers, at about a
 * millisecond an event on a busy machine, and an answer should not take longer than a second; each hand-over costs a
 * lane at most one repeat's wait in about two hundred.
 */
export const historyEventsLimit = 1_000;

/** Version of the original tool whose run directories calib's are compatible with. */
const compatibleToolVersion = '0.6.0';

/** `plan.json` of a fresh session; `startedAt` is `YYYY-MM-DDTHH:MM:SSZ`. */
export function planDocument(plan: SessionPlan, startedAt: string): Plan {
  return {
    model: plan.model,
    stages: plan.stages.map((stage) => stage.key),
    repeats: plan.repeats,
    timestamp: startedAt,
    calibration_started_at: startedAt,
    calibration_git_sha: plan.git_sha,
    git_sha: plan.git_sha,
    git_branch: plan.git_branch,
    dirty: plan.dirty,
    venv_python: plan.venv_python,
    venv_source: plan.venv_source,
    tune_version: compatibleToolVersion,
    stages_yaml: plan.stages_yaml,
    ...calibFields(plan),
    made_by: 'calib',
  };
}

/** What calib appends; also written into an adopted directory of the original tool. */
export function calibFields(plan: SessionPlan): Partial<Plan> {
  return {
    session_id: plan.session_id,
    label: plan.label,
    host: plan.host,
    hostname: plan.hostname,
    repo_root: plan.repo_root,
    units: plan.units,
    stages_yaml_sha256: plan.stages_yaml_sha256,
    calib_version: plan.calib_version,
    tree_fingerprint: plan.tree_fingerprint,
    file_sha256: plan.file_sha256,
    environment: plan.environment,
    ...(plan.passed_env === undefined ? {} : { passed_env: plan.passed_env }),
    policies: plan.policies,
    precheck_skipped: plan.precheck.skip,
    version_check_skipped: plan.precheck.skip_version_check,
    catalog_dir: plan.catalog_dir,
    cleanup_script: plan.cleanup_script,
    ...(plan.cleanup_args === undefined ? {} : { cleanup_args: plan.cleanup_args }),
    evidence: plan.evidence,
    ...(plan.stages_from === undefined ? {} : { stages_from: plan.stages_from }),
    ...(plan.device === undefined ? {} : { device: plan.device }),
    ...(plan.compat === undefined ? {} : { compat: plan.compat }),
    ...(plan.changed_since === undefined ? {} : { changed_since: plan.changed_since }),
    ...(plan.stale_stages === undefined ? {} : { stale_stages: plan.stale_stages }),
    lanes: plan.lanes,
    ...(plan.lane_table === undefined ? {} : { lane_table: plan.lane_table }),
    ...(plan.pool === undefined ? {} : { pool: plan.pool }),
    ...(plan.purpose === undefined ? {} : { purpose: plan.purpose }),
  };
}
